-- One row per audit surface, and one for the whole audit (surface_id 'overall').
select
    audit_surface as surface_id,
    label(audit_surface) as audit_surface,
    weight,
    check_count,
    defect_share,
    score,
    label(grade) as grade
from marts.fct_defect_score
order by weight desc, surface_id
