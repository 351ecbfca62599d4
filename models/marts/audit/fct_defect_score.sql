-- Public and recomputable from fct_audit_checklist alone: a pass counts 1, a warning 0.5, a failure 0; a check without
-- data does not count, and a surface without any gives its weight to the others.
with

weights as (

    select 'token_attribution' as audit_surface, 0.30 as weight
    union all
    select 'model_tier' as audit_surface, 0.20 as weight
    union all
    select 'request_pricing' as audit_surface, 0.20 as weight
    union all
    select 'prompt_efficiency' as audit_surface, 0.15 as weight
    union all
    select 'gpu_idle' as audit_surface, 0.15 as weight

),

surfaces as (

    select
        checklist.audit_date,
        checklist.audit_surface,
        count(*) as check_count,
        sum(case checklist.status when 'pass' then 1.0 when 'warn' then 0.5 else 0.0 end) as points
    from {{ ref('fct_audit_checklist') }} as checklist
    where checklist.status != 'no_data'
    group by
        checklist.audit_date,
        checklist.audit_surface

),

scored as (

    select
        surfaces.audit_date,
        surfaces.audit_surface,
        surfaces.check_count,
        weights.weight,
        {{ share('surfaces.check_count - surfaces.points', 'surfaces.check_count') }} as defect_share
    from surfaces
    inner join weights on surfaces.audit_surface = weights.audit_surface

),

with_overall as (

    select
        audit_date,
        audit_surface,
        check_count,
        cast(weight as decimal(9, 6)) as weight,
        defect_share
    from scored
    union all
    select
        audit_date,
        'overall' as audit_surface,
        sum(check_count) as check_count,
        cast(1 as decimal(9, 6)) as weight,
        {{ share('sum(weight * defect_share)', 'sum(weight)') }} as defect_share
    from scored
    group by audit_date

),

rounded as (

    select
        *,
        cast(100 * (1 - defect_share) as decimal(9, 1)) as score
    from with_overall

)

select
    audit_date,
    audit_surface,
    weight,
    cast(check_count as bigint) as check_count,
    defect_share,
    score,
    case
        when score <= 30 then 'critical'
        when score <= 55 then 'at_risk'
        when score <= 70 then 'developing'
        when score <= 85 then 'managed'
        else 'optimised'
    end as grade
from rounded
