{{ config(materialized='table') }}

{%- set models = {
    'repair_decision': 'int_repairs', 'objection': 'int_objections', 'revocation': 'int_revocations',
    'talk': 'int_talks', 'rectification': 'int_rectifications',
} -%}

-- Accepted events that take no effect, one row per reason: the unit finds them among its rejections (S13).

with

{% for item, model in models.items() -%}
{{ item }}_events as (
    select
        '{{ item }}' as event_item,
        event_id,
        record_id,
        batch_id,
        row_number,
        case
            when status = 'unmatched' then array['unmatched']
            when state = 'known' then reasons
            else '{}'
        end as reasons
    from {{ ref(model) }}
),

{% endfor -%}
all_events as (
    {%- for item in models %}
    {{ "union all" if not loop.first }}
    select * from {{ item }}_events
    {%- endfor %}
),

rules as (
    select * from (values {{ event_rules() }}) as listed (event_item, reason, rule_id, field) -- noqa: LT05
),

final as (
    select
        all_events.event_id,
        all_events.record_id,
        all_events.batch_id,
        all_events.row_number,
        rules.rule_id,
        rules.field
    from all_events
    cross join unnest(all_events.reasons) as given (reason)
    inner join rules on all_events.event_item = rules.event_item and given.reason = rules.reason
)

select * from final
