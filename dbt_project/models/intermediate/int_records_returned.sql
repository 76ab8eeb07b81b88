{{ config(indexes=[{'columns': ['record_id'], 'unique': true}]) }}

with

records as (
    select * from {{ ref('int_records_current') }}
    where {{ is_touched() }}
),

tombstones as (
    select * from {{ ref('stg_audit__tombstones') }}
),

final as (
    select
        records.record_id,
        records.item,
        records.batch_id,
        records.row_number
    from records
    where exists (
        select 1 from tombstones
        where tombstones.record_id = records.record_id
    )
)

select * from final
