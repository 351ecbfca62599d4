select distinct
    provider,
    model,
    requested_model,
    service_tier,
    inference_geo,
    feature_name,
    workflow_name
from {{ ref('int_attempts__captured') }}
