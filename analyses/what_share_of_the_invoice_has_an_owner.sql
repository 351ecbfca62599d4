-- What share of the invoiced dollars has an owner, and how was the owner found?
-- The denominator is the invoice. traced_coverage_share is what a tool that never sees the invoice would report:
-- the distance between the two is spend that no trace knows of.
select
    month,
    provider,
    round(invoice_usd, 2) as invoice_usd,
    round(billed_usd, 2) as billed_usd,
    round(stamped_usd, 2) as stamped_usd,
    round(key_owner_usd, 2) as by_key_usd,
    round(rule_usd, 2) as by_rule_usd,
    round(unattributed_usd, 2) as unattributed_usd,
    coverage_share,
    verdict,
    traced_coverage_share,
    traced_verdict
from marts.fct_coverage_monthly
order by month, provider = 'all' desc, billed_usd desc;
