-- Residual dollars per month, provider and class, summed up over providers (provider_id 'all') and classes (class_id 'all').
select
    strftime(month, '%Y-%m') as month_id,
    strftime(month, '%b %Y') as month_name,
    coalesce(provider, 'all') as provider_id,
    coalesce(residual_class, 'all') as class_id,
    label(coalesce(residual_class, 'all')) as residual_class,
    shown_usd(sum(residual_usd)) as residual_usd
from marts.fct_reconciliation_residuals_monthly
group by grouping sets ((month, provider, residual_class), (month, provider), (month, residual_class), (month))
order by month_id, provider_id, abs(sum(residual_usd)) desc, class_id
