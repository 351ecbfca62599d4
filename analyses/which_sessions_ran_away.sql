-- Which agent sessions ran away, how long did it take to show, and what was spent before and after that moment?
select
    loops.session_id,
    loops.route_id,
    loops.team_id,
    loops.started_at,
    loops.detected_at,
    loops.ended_at,
    loops.call_count,
    loops.normal_call_count,
    loops.first_context_tokens,
    loops.largest_context_tokens,
    round(loops.waste_usd, 2) as waste_usd,
    round(
        sum(case when requests.requested_at > loops.detected_at then requests.request_cost_usd else 0 end), 2
    ) as spent_after_detection_usd
from marts.fct_agent_loops as loops
inner join marts.fct_requests as requests
    on loops.session_id = requests.session_id and loops.route_id = requests.route_id
group by all
order by waste_usd desc;
