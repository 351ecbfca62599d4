select * from {{ ref('int_attempts__priced') }}
