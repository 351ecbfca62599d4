-- Words for readers, in one place: the label of a code that a mart holds (a class, a status, a provider).
-- `ai-cost report` puts this macro into the file that the sources read, so that they say label(cost_layer).
-- A code without a name of its own gets its words, the first with a capital: runaway_session is "Runaway session".
create or replace macro label(code) as case code
    when 'managed_api' then 'Managed API'
    when 'self_hosted_inference' then 'Self-hosted inference'
    when 'self_hosted' then 'Self-hosted'
    when 'gpu_idle' then 'GPU idle'
    when 'idle_gpu_pool' then 'Idle GPU pool'
    when 'oversized_gpu_pool' then 'Oversized GPU pool'
    when 'gpu_rate_outlier' then 'GPU rate outlier'
    when 'gpu_rates' then 'GPU rates'
    when 'idle_gpus' then 'Idle GPUs'
    when 'own_gpus' then 'Own GPUs'
    when 'gpu_cloud' then 'GPU cloud'
    when 'openai' then 'OpenAI'
    when 'bedrock' then 'Amazon Bedrock'
    when 'azure' then 'Azure'
    when 'azure_openai' then 'Azure OpenAI'
    when 'vertex' then 'Google Vertex AI'
    when 'gpu_jobs' then 'GPU jobs'
    when 'gpu_usage' then 'GPU usage'
    when 'litellm' then 'LiteLLM'
    when 'focus' then 'FOCUS'
    when 'fx' then 'Exchange rate'
    when 'all' then 'All'
    else upper(left(replace(code, '_', ' '), 1)) || substr(replace(code, '_', ' '), 2)
end;

-- The name of a model or a feature, or words for what stands there instead of one.
create or replace macro named(name) as case name
    when '(gpu hours)' then 'GPU hours'
    when '(none)' then 'No feature'
    else name
end;

-- A difference below half a cent is none on the site.
create or replace macro shown_usd(amount) as case when abs(amount) < 0.005 then 0 else amount end;

-- Where a table adds amounts up, only the sign of what is shown as $0.00 goes, so that its total is that of the mart.
create or replace macro summed_usd(amount) as case when amount < 0 and amount > -0.005 then 0 else amount end;

-- How well it is known that a smaller model would do.
create or replace macro evidence_label(evidence_level) as case evidence_level
    when 0 then 'Rule only'
    when 1 then 'Shape statistics'
    when 2 then 'Offline evaluation'
    when 3 then 'Shadow traffic'
    when 4 then 'A/B in production'
end;

-- The folder of what has an id with signs that no address may hold: a route's "/" is "--", a finding's ":" is "~".
create or replace macro page_name(id) as
    replace(replace(replace(url_encode(id), '%2F', '--'), '%3A', '~'), '%', '~');
