-- One row per check. The figure is a share, but for gpu_rates a count of pools: the formats say how to print it.
select
    check_id,
    audit_surface as surface_id,
    label(audit_surface) as audit_surface,
    question,
    label(status) as status,
    figure,
    threshold,
    warn_threshold,
    case when check_id = 'gpu_rates' then 'num0' else 'pct2' end as figure_format,
    '"' || label(direction) || ' "' || case when check_id = 'gpu_rates' then '0' else '0.00%' end as threshold_format
from marts.fct_audit_checklist
order by case status when 'fail' then 1 when 'warn' then 2 when 'no_data' then 3 else 4 end, surface_id, check_id
