with

batches as (
    select * from {{ ref('stg_intake__batches') }}
),

final as (
    select
        batch_id,
        provider_code,
        item,
        contract_version,
        file_sha256,
        received_at,
        settled_at,
        as_of_on,
        status,
        rows_total,
        rows_accepted,
        rows_rejected,
        rows_warned,
        rows_late,
        rows_unchanged,
        returned_at,
        closed_at,
        closed_by_batch_id,
        columns_dropped
    from batches
)

select * from final
