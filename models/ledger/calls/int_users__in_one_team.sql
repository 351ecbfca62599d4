select
    user_id,
    min(team_id) as team_id
from {{ ref('int_attempts__captured') }}
where not is_duplicate_capture and user_id is not null and team_id is not null
group by user_id
having count(distinct team_id) = 1
