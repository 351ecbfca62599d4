-- Which lines of the bills have not the sign of their type, in which file and line, and what are they mostly?
select
    flagged.provider,
    flagged.month,
    flagged.line_type,
    flagged.billed_amount,
    flagged.currency,
    flagged.description,
    flagged.problem,
    flagged.look_first,
    flagged._source_file,
    flagged._source_row
from marts.fct_flagged_bill_lines as flagged
order by abs(flagged.billed_usd) desc, flagged._source_file, flagged._source_row;
