with

source as (
    select * from {{ source('intake', 'rejected_rows') }}
),

final as (
    -- `content` stays where it is: what a provider sent wrongly is for that provider's report alone.
    select
        batch_id,
        row_number,
        record_key,
        status
    from source
)

select * from final
