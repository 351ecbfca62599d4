{#
    The line types of a bill. sign: what its amount is, 1 above zero, -1 below, 0 either. otherwise: what a line of the other
    sign is, and what to do about it.
#}
{% macro line_type_signs() %}
    {{ return({
        'usage': {
            'sign': 1,
            'otherwise': 'usage taken back that the month does not have: ask the provider what it corrects',
        },
        'fee': {
            'sign': 1,
            'otherwise': 'a fee paid back: check that it was billed before; in a file of your own write a refund',
        },
        'commitment': {
            'sign': 1,
            'otherwise': 'a commitment paid back: check that it ended, and that its purchase was billed before',
        },
        'tax': {
            'sign': 1,
            'otherwise': 'tax paid back: check that what it was levied on was refunded too',
        },
        'credit': {
            'sign': -1,
            'otherwise': 'a credit withdrawn, or one without its minus: check that it was granted before',
        },
        'refund': {
            'sign': -1,
            'otherwise': 'a refund withdrawn, or one without its minus: check that it was paid before',
        },
        'correction': {'sign': 0, 'otherwise': ''},
    }) }}
{% endmacro %}
