{{ config(tags=['gate']) }}
-- A gate that fails says that the company's books are open. It fails the run; the copy is published all the same,
-- with books_status 'open', unless publish_open_books is false. It reads audit_run too, so that it runs after the last
-- mart and no mart is skipped because of it.
select
    gates.gate_id,
    gates.provider,
    gates.figure,
    gates.error_at,
    gates.look_first
from {{ ref('fct_gates') }} as gates
cross join {{ ref('audit_run') }} as run
where gates.status = 'fail' and run.books_status = 'open'
