-- Are the books of the audit month closed, and what keeps them open or is near its limit?
-- One row per gate that does not pass; a row of passes says how many do. look_first names the dollars.
select
    runs.audit_month,
    runs.books_status,
    gates.status,
    gates.gate_id,
    gates.provider,
    gates.figure,
    gates.warn_at,
    gates.error_at,
    gates.look_first
from marts.fct_gates as gates
cross join marts.audit_run as runs
where gates.status != 'pass'
union all
select
    runs.audit_month,
    runs.books_status,
    'pass' as status,
    count(gates.gate_id) || ' gates' as gate_id,
    null as provider,
    null as figure,
    null as warn_at,
    null as error_at,
    null as look_first
from marts.audit_run as runs
left join marts.fct_gates as gates on gates.status = 'pass'
group by
    runs.audit_month,
    runs.books_status
order by status, gate_id, provider;
