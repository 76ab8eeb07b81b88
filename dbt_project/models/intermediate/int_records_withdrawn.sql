{{ config(indexes=[{'columns': ['record_id'], 'unique': true}]) }}

-- Not beside int_record_rights, which touches records. depends_on: {{ ref('int_record_rights') }}

with

penalty_records as (
    select * from {{ ref('int_records_current') }}
    where item = 'administrative_penalty' and {{ is_touched() }}
),

listing_records as (
    select * from {{ ref('int_records_current') }}
    where item in ({{ listing_items() }}) and {{ is_touched() }}
),

penalties as (
    select * from {{ ref('stg_intake__administrative_penalties') }}
    where is_withdrawn and {{ is_touched() }}
),

listings as (
    select * from {{ ref('stg_intake__listings') }}
    where is_withdrawn and {{ is_touched() }}
),

final as (
    select
        penalty_records.record_id,
        penalty_records.item,
        penalty_records.provider_code,
        penalties.received_on as withdrawn_on
    from penalties
    inner join penalty_records on {{ same_version('penalty_records', 'penalties') }}
    union all
    select
        listing_records.record_id,
        listing_records.item,
        listing_records.provider_code,
        listings.received_on as withdrawn_on
    from listings
    inner join listing_records on {{ same_version('listing_records', 'listings') }}
)

select * from final
