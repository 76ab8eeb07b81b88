with

source as (
    select * from {{ source('audit', 'deletion_receipts') }}
),

final as (
    select
        notice_id,
        confirmed_on,
        received_at
    from source
)

select * from final
