with

source as (
    select * from {{ source('audit', 'tombstones') }}
),

final as (
    select
        record_key_hash as record_id,
        item,
        reason,
        as_of_on
    from source
)

select * from final
