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
