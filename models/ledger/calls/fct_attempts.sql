select
    {{ model.columns.keys() | join(',\n    ') }}
from {{ ref('int_attempts__priced') }}
