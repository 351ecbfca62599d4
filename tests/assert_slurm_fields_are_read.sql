-- The twin of the Slurm macros: local times through daylight saving, durations and TRES lists, in every form that sacct has.
with

times (field, zone_utc) as (

    values
    ('2026-07-01T12:00:00', timestamp '2026-07-01 16:00:00'),  -- summer, UTC-4
    ('2026-01-15T12:00:00', timestamp '2026-01-15 17:00:00'),  -- winter, UTC-5
    ('2026-03-08T03:30:00', timestamp '2026-03-08 07:30:00'),  -- after the clock went forward
    ('2026-07-01T12:00:00Z', timestamp '2026-07-01 12:00:00'),
    ('2026-07-01T12:00:00+02:00', timestamp '2026-07-01 10:00:00'),
    ('yesterday', null)

),

durations (field, seconds) as (

    values
    ('00:00:00', 0),
    ('14:00:49', 50449),
    ('3-00:00:00', 259200),
    ('05:30', 330),
    ('05:30.250', 330),
    ('UNLIMITED', null),
    ('Partition_Limit', null)

),

lists (field, gpus, gpu_model) as (

    values
    ('billing=32,cpu=32,gres/gpu:a100=4,gres/gpu=4,mem=256G,node=1', '4', 'a100'),
    ('gres/gpu=2', '2', null),
    ('cpu=8,gres/gpu:a100=1,gres/gpu:v100=2', '3', null),
    ('cpu=8,gres/gpu:a100=1,gres/gpu:v100=-2', '-2', null),
    ('cpu=8,gres/gpumem=40G,gres/shard=3', null, null),
    ('', null, null)

)

select
    field,
    cast({{ slurm_utc('field', 'America/New_York') }} as string) as found,
    cast(zone_utc as string) as expected
from times
where {{ slurm_utc('field', 'America/New_York') }} is distinct from zone_utc
union all
select
    field,
    cast({{ slurm_seconds('field') }} as string) as found,
    cast(seconds as string) as expected
from durations
where {{ slurm_seconds('field') }} is distinct from seconds
union all
select
    field,
    {{ tres_gpus('field') }} || ' ' || {{ tres_gpu_model('field') }} as found,
    gpus || ' ' || gpu_model as expected
from lists
where
    {{ tres_gpus('field') }} is distinct from gpus
    or {{ tres_gpu_model('field') }} is distinct from gpu_model
