with

-- Where a source says that a GPU or a job was, if it names no pool itself.
places as (

    select distinct
        source,
        cluster_id,
        cast(null as string) as partition_id,
        node_id,
        namespace,
        node_pool,
        gpu_model
    from {{ ref('int_gpu_hours__merged') }}
    where pool_id is null
    union
    select distinct
        source,
        cluster_id,
        partition_id,
        node_id,
        cast(null as string) as namespace,
        cast(null as string) as node_pool,
        gpu_model
    from {{ ref('int_training_jobs__unioned') }}
    where pool_id is null

),

-- The company's rules, the first that fits.
ruled as (

    select
        places.*,
        rules.pool_id as ruled_pool_id,
        row_number() over (
            partition by {{ place_id([
                'places.source', 'places.cluster_id', 'places.partition_id', 'places.node_id', 'places.namespace',
                'places.node_pool', 'places.gpu_model',
            ]) }}
            order by rules.precedence, rules.pool_id
        ) as rule_number
    from places
    left join {{ ref('gpu_node_pools') }} as rules
        on
            (rules.source is null or rules.source = places.source)
            and lower(
                case rules.match_on
                    when 'node' then places.node_id
                    when 'partition' then places.partition_id
                    when 'namespace' then places.namespace
                    when 'cluster' then places.cluster_id
                    when 'label' then places.node_pool
                    when 'gpu_model' then places.gpu_model
                end
            ) like lower(rules.pattern)

)

select
    {{ place_id(['source', 'cluster_id', 'partition_id', 'node_id', 'namespace', 'node_pool', 'gpu_model']) }} as place_id,
    source,
    cluster_id,
    partition_id,
    node_id,
    namespace,
    node_pool,
    gpu_model,
    -- No rule: the source's own grouping is the pool.
    coalesce(ruled_pool_id, node_pool, partition_id, cluster_id, {{ gpu_model_name('gpu_model') }}, source) as pool_id,
    ruled_pool_id is not null as is_ruled
from ruled
where rule_number = 1
