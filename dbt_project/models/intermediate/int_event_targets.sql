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

licences as (
    {{ latest_versions(ref('stg_intake__administrative_licences'), among='named') }}
),

incentives as (
    {{ latest_versions(ref('stg_intake__incentive_listings'), among='named') }}
),

-- Records that no term of disclosure ends: they are valid until a day of their own.
valid_records as (
    select
        record_id,
        'administrative_licence' as item,
        provider_code,
        subject_key,
        decided_on,
        valid_until,
        first_received_on,
        received_on
    from licences
    union all
    select
        record_id,
        'incentive_listing' as item,
        provider_code,
        subject_key,
        recognised_on as decided_on,
        valid_until,
        first_received_on,
        received_on
    from incentives
),

tombstones as (
    select * from {{ ref('stg_audit__tombstones') }}
),

final as (
    select
        named.record_id,
        coalesce(record_terms.item, valid_records.item, tombstones.item) as item,
        coalesce(record_terms.record_id, valid_records.record_id) is not null as is_held,
        coalesce(record_terms.provider_code, valid_records.provider_code) as provider_code,
        coalesce(record_terms.first_received_on, valid_records.first_received_on) as first_received_on,
        coalesce(record_terms.last_disclosure_on, valid_records.valid_until) as last_disclosure_on,
        coalesce(penalties.subject_key, listings.subject_key, valid_records.subject_key) as subject_key,
        coalesce(penalties.decided_on, listings.listed_on, valid_records.decided_on) as decided_on,
        coalesce(penalties.received_on, listings.received_on, valid_records.received_on) as last_received_on,
        penalties.severity,
        case
            when record_terms.item = 'administrative_penalty' then 'penalty'
            when record_terms.item is not null then 'listing'
        end as scope,
        lists.list_level,
        tombstones.record_id is not null as is_deleted
    from named
    left join record_terms on named.record_id = record_terms.record_id
    left join penalties on {{ same_version('record_terms', 'penalties') }}
    left join listings on {{ same_version('record_terms', 'listings') }}
    left join lists on listings.list_code = lists.list_code
    left join valid_records on named.record_id = valid_records.record_id
    left join tombstones on named.record_id = tombstones.record_id
)

select * from final
