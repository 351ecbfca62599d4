-- One row per session that did not end by itself. Times are UTC.
select
    loops.session_id,
    loops.route_id,
    page_name(loops.route_id) as page_name,
    '/routes/' || page_name(loops.route_id) || '/' as page,
    coalesce(loops.team_id, 'unattributed') as team_id,
    coalesce(teams.team_name, label(coalesce(loops.team_id, 'unattributed'))) as team,
    strftime(loops.started_at, '%Y-%m') as month_id,
    strftime(loops.started_at, '%Y-%m-%d %H:%M') as started_at,
    strftime(loops.detected_at, '%Y-%m-%d %H:%M') as detected_at,
    strftime(loops.ended_at, '%Y-%m-%d %H:%M') as ended_at,
    loops.call_count,
    loops.normal_call_count,
    loops.first_context_tokens,
    loops.largest_context_tokens,
    loops.cost_usd,
    loops.waste_usd
from marts.fct_agent_loops as loops
left join marts.dim_teams as teams on loops.team_id = teams.team_id
order by loops.waste_usd desc, loops.session_id
