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
        status,
        coalesce(case_batch_id, batch_id) || '-' || coalesce(case_row_number, row_number) as case_id,
        resubmitted_at,
        accepted_at,
        withdrawn_at
    from source
)

select * from final
