{#- What every model of events begins with: the events as they hold on the as-of date, and the records that they name. -#}
{% macro current_events(events) -%}
{{ events }} as (
    select * from {{ ref('stg_intake__' ~ events) }}
),

current_versions as (
    {{ latest_events(events) }}
),

targets as (
    select * from {{ ref('int_event_targets') }}
),
{%- endmacro %}

{#- And what each gives first: the event, its record, where it came from, and who is named. -#}
{% macro event_columns() -%}
    event_id, record_id, item, batch_id, row_number, provider_code, file_sha256, settle_order, received_on,
    first_received_on, target_due_on, subject_kind, subject_key, subject_name, decision_number, last_disclosure_on
{%- endmacro %}

{#- The rows of a staging model of events that hold on the as-of date: of each event the version that was settled
    last. `events` names a CTE; a replay of a past day knows nothing of what came later. -#}
{% macro latest_events(events) -%}
    select distinct on ({{ events }}.event_id)
        {{ events }}.*,
        batches.file_sha256,
        batches.settle_order,
        min({{ events }}.received_on) over (partition by {{ events }}.event_id) as first_received_on
    from {{ events }}
    inner join {{ ref('stg_intake__batches') }} as batches on {{ events }}.batch_id = batches.batch_id
    where batches.as_of_on <= {{ as_of_date() }}
    order by {{ events }}.event_id asc, batches.settle_order desc, {{ events }}.row_number desc
{%- endmacro %}
