select
    lines.format,
    {% for column in cloud_line_columns() if not column.startswith('_') %}
    lines.{{ column }},
    {% endfor %}
    skus.charge_kind,
    skus.provider,
    skus.model,
    skus.meter,
    case
        when skus.charge_kind = 'ai_tokens' and lower(lines.consumed_unit) = 'units' and skus.is_in_millions
            then try_cast(try_cast(lines.consumed_quantity as decimal(24, 12)) * 1000000 as decimal(38, 12))
        else lines.consumed_quantity
    end as quantity,
    case
        when lines.consumed_quantity is null then null
        when skus.charge_kind = 'ai_tokens' then 'tokens'
        else lines.consumed_unit
    end as unit,
    skus.rule_order,
    -- Two formats of one account and month are two views of the same charges: of those with AI charges, the one that is
    -- listed first counts.
    coalesce(
        lines.format_rank > min(case when skus.provider is not null then lines.format_rank end) over (
            partition by lines.cloud, lines.account_key, cast(date_trunc('month', lines.billing_period_start) as date)
        ), false
    ) as is_second_view,
    lines._source_file,
    lines._source_row,
    lines._source_item
from {{ ref('int_cloud_lines__unioned') }} as lines
inner join {{ ref('int_cloud_skus__named') }} as skus on lines.sku_key = skus.sku_key
