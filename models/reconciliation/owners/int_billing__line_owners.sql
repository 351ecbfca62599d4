{#- A tag is written as JSON with or without a blank after the colon. -#}
{%- set tag_names = var('caller_names')['team_id'] %}

with

lines as (

    select *
    from {{ ref('int_billing__lines') }}
    where line_type in ('usage', 'fee', 'commitment')

),

cloud_lines as (

    select
        _source_file,
        _source_row,
        _source_item,
        billing_account_id,
        principal,
        replace(tags, '": "', '":"') as tags
    from {{ ref('int_cloud_lines__classified') }}
    where provider is not null

),

identified as (

    select
        lines.*,
        coalesce(lines.key_or_project_id, '') as key_text,
        coalesce(cloud_lines.principal, '') as principal_text,
        coalesce(cloud_lines.billing_account_id, '') as payer_text,
        coalesce(cloud_lines.tags, '') as tags
    from lines
    left join cloud_lines
        on
            lines._source_file = cloud_lines._source_file
            and lines._source_row = cloud_lines._source_row
            and lines._source_item = cloud_lines._source_item

),

identities as (

    select distinct
        provider,
        charge_date,
        key_text,
        principal_text,
        account_id,
        payer_text
    from identified

),

-- What a line is billed to, the narrowest name first: its key, project, workspace or resource (an inference profile), the
-- user or role that called (of a role its ARN or its name, whatever the session), the account, the account that pays. An ARN
-- is known with or without its path.
names as (

    select *, 1 as preference, key_text as name from identities
    union all
    select *, 2 as preference, regexp_replace(key_text, '^.*/', '') as name from identities
    union all
    select *, 3 as preference, principal_text as name from identities
    union all
    select
        *,
        4 as preference,
        regexp_replace(regexp_replace(principal_text, '^.*:(assumed-role|role|user)/', ''), '/.*$', '') as name
    from identities
    union all
    select *, 5 as preference, account_id as name from identities
    union all
    select *, 6 as preference, payer_text as name from identities

),

key_owners as (

    select
        names.*,
        owners.team_id,
        row_number() over (
            partition by
                names.provider, names.charge_date, names.key_text, names.principal_text, names.account_id, names.payer_text
            order by names.preference, case when owners.provider = 'any' then 1 else 0 end
        ) as choice
    from names
    inner join {{ ref('int_key_owners__periods') }} as owners
        on
            names.name = owners.key_hash_or_id
            and owners.provider in (names.provider, 'any')
            and names.charge_date >= owners.effective_from
            and names.charge_date < owners.effective_until

),

tagged as (

    select distinct tags
    from identified
    where tags != ''

),

-- A tag that names a team of the seed. The names are those under which callers say it (variable caller_names).
tag_matches as (

    {% for name in tag_names %}
    select
        tagged.tags,
        teams.team_id,
        {{ loop.index }} as preference
    from tagged
    inner join {{ ref('teams') }} as teams
        on contains(tagged.tags, '"{{ name }}":"' || teams.team_id || '"')
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

tag_owners as (

    select
        *,
        row_number() over (partition by tags order by preference, team_id) as choice
    from tag_matches

)

select
    identified.month,
    identified.provider,
    identified.account_id,
    identified.key_or_project_id,
    identified.charge_date,
    identified.line_type,
    identified.billed_usd,
    coalesce(key_owners.team_id, tag_owners.team_id) as team_id,
    case
        when key_owners.team_id is not null then 'key_owner_after_the_fact'
        when tag_owners.team_id is not null then 'tag_after_the_fact'
    end as attribution_method,
    case when key_owners.team_id is not null then key_owners.name end as owned_name,
    identified._source_file,
    identified._source_row,
    identified._source_item
from identified
left join key_owners
    on
        identified.provider = key_owners.provider
        and identified.charge_date = key_owners.charge_date
        and identified.key_text = key_owners.key_text
        and identified.principal_text = key_owners.principal_text
        and identified.account_id = key_owners.account_id
        and identified.payer_text = key_owners.payer_text
        and key_owners.choice = 1
left join tag_owners on identified.tags = tag_owners.tags and tag_owners.choice = 1
