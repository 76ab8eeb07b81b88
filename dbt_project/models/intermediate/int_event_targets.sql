{{ config(materialized='table', indexes=[{'columns': ['record_id'], 'unique': true}]) }}

{%- set events = ['repair_decisions', 'objections', 'revocations', 'talks', 'rectifications'] -%}

-- The records that events name, with what the events are held against. A record that has not come yet has no item;
-- one that was deleted has its tombstone alone. A replay of a past day knows nothing of events that came later.

with

{% for event in events -%}
{{ event }} as (
    select * from {{ ref('stg_intake__' ~ event) }}
),

{% endfor -%}
named as (
    {%- for event in events %}
    {{ "union" if not loop.first }}
    select record_id from {{ event }}
    where record_id is not null and received_on <= {{ as_of_date() }}
    {%- endfor %}
),

record_terms as (
    select * from {{ ref('int_record_terms') }}
),

penalties as (
    select * from {{ ref('stg_intake__administrative_penalties') }}
),

listings as (
    select * from {{ ref('stg_intake__listings') }}
),

lists as (
    select * from {{ ref('int_lists_dated') }}
),

tombstones as (
    select * from {{ ref('stg_audit__tombstones') }}
),

final as (
    select
        named.record_id,
        coalesce(record_terms.item, tombstones.item) as item,
        record_terms.record_id is not null as is_held,
        record_terms.provider_code,
        record_terms.first_received_on,
        record_terms.last_disclosure_on,
        coalesce(penalties.subject_key, listings.subject_key) as subject_key,
        coalesce(penalties.decided_on, listings.listed_on) as decided_on,
        coalesce(penalties.received_on, listings.received_on) as last_received_on,
        penalties.severity,
        case
            when record_terms.item = 'administrative_penalty' then 'penalty'
            when record_terms.item is not null then 'listing'
        end as scope,
        lists.list_level,
        tombstones.reason as tombstone_reason,
        tombstones.as_of_on as tombstone_on
    from named
    left join record_terms on named.record_id = record_terms.record_id
    left join penalties on {{ same_version('record_terms', 'penalties') }}
    left join listings on {{ same_version('record_terms', 'listings') }}
    left join lists on listings.list_code = lists.list_code
    left join tombstones on named.record_id = tombstones.record_id
)

select * from final
