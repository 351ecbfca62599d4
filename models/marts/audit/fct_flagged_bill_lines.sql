{%- set same_thing = [
    'provider', 'account_id', 'billing_period_start', 'line_type', 'currency', 'model', 'meter', 'description',
] %}

with

signs as (

    {% for line_type, rule in line_type_signs().items() %}
    select
        '{{ line_type }}' as line_type,
        {{ rule.sign }} as sign,
        '{{ rule.otherwise }}' as otherwise
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- A line that takes back a part of what its own month was billed for the same thing is how providers net out (a savings
-- plan's negation, a credit granted twice). What takes back more than there is wants a look.
netted as (

    select
        *,
        sum(billed_amount) over (partition by {{ same_thing | join(', ') }}) as net_amount
    from {{ ref('int_billing__lines') }}

)

select
    netted.month,
    netted.provider,
    netted.account_id,
    netted.invoice_id,
    netted.line_type,
    netted.description,
    cast(netted.billed_amount as decimal(38, 12)) as billed_amount,
    netted.currency,
    cast(netted.billed_usd as decimal(38, 12)) as billed_usd,
    cast(netted.net_amount as decimal(38, 12)) as net_amount,
    'a ' || netted.line_type || case when signs.sign > 0 then ' below' else ' above' end || ' zero' as problem,
    signs.otherwise as look_first,
    netted._source_file,
    netted._source_row,
    netted._source_item
from netted
inner join signs on netted.line_type = signs.line_type
where netted.billed_amount * signs.sign < 0 and netted.net_amount * signs.sign < 0
