with

source as (
    select * from {{ source('intake', 'batches') }}
),

final as (
    select
        batch_id,
        provider_code,
        item,
        contract_version,
        file_sha256,
        status,
        received_at,
        settled_at,
        as_of_on,
        rows_total,
        rows_accepted,
        rows_rejected,
        rows_warned,
        rows_late,
        rows_unchanged,
        returned_at,
        closed_at,
        closed_by_batch_id,
        columns_dropped,
        -- The order in which batches took effect; equal instants are told apart by the id.
        row_number() over (order by settled_at, batch_id) as settle_order
    from source
    where settled_at is not null
)

select * from final
