{{ config(severity = 'warn') }}

-- A line against the sign of its type (macro line_type_signs) stays on the bill, since real providers send such lines; each
-- wants a look at its file and line.
select * from {{ ref('fct_flagged_bill_lines') }}
