{{ config(materialized='view') }}

with

-- How the bill names what the seed commitments knows: by resource or text. The longest pattern that fits counts. Tokens on
-- the same resource stay usage.
matched as (

    select
        lines.*,
        commitments.commitment_id as listed_commitment_id,
        row_number() over (
            partition by lines._source_file, lines._source_row, lines._source_item
            order by length(commitments.bill_pattern) desc, commitments.commitment_id
        ) as preference
    from {{ ref('int_bill_lines__current') }} as lines
    left join {{ ref('commitments') }} as commitments
        on
            lines.canonical_provider = commitments.provider and lines.line_type in ('usage', 'fee', 'commitment')
            and lines.meter is null and coalesce(lower(lines.unit), '') not like '%token%'
            and (
                lower(lines.key_or_project_id) like lower(commitments.bill_pattern)
                or lower(lines.description) like lower(commitments.bill_pattern)
            )

)

select
    *,
    case when listed_commitment_id is not null then 'commitment' else line_type end as charge_type,
    coalesce(
        listed_commitment_id, case when line_type = 'commitment' then coalesce(key_or_project_id, description, 'unnamed') end
    ) as commitment_id
from matched
where preference = 1
