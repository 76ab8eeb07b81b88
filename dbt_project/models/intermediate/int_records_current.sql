{{ config(indexes=[{'columns': ['record_id'], 'unique': true}]) }}

with

penalties as (
    select * from {{ ref('stg_intake__administrative_penalties') }}
    where {{ is_touched() }}
),

listings as (
    select * from {{ ref('stg_intake__listings') }}
    where {{ is_touched() }}
),

-- A replay of a past day knows nothing of what came later.
batches as (
    select * from {{ ref('stg_intake__batches') }}
    where as_of_on <= {{ as_of_date() }}
),

versions as (
    select
        record_id,
        'administrative_penalty' as item,
        batch_id,
        row_number,
        received_on
    from penalties
    union all
    select
        record_id,
        item,
        batch_id,
        row_number,
        received_on
    from listings
),

-- Batch order and row number in one number, so that one hash aggregate finds the last version without a sort.
latest as (
    select
        versions.record_id,
        versions.item,
        max((batches.settle_order << 32) + versions.row_number) as version_order,
        min(versions.received_on) as first_received_on
    from versions
    inner join batches on versions.batch_id = batches.batch_id
    group by versions.record_id, versions.item
),

final as (
    select
        latest.record_id,
        latest.item,
        batches.provider_code,
        batches.batch_id,
        batches.file_sha256,
        (latest.version_order & 4294967295)::integer as row_number,
        latest.first_received_on
    from latest
    inner join batches on (latest.version_order >> 32) = batches.settle_order
)

select * from final
