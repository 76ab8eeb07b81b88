with

source as (
    select * from {{ source('intake', 'rectification') }}
),

final as (
    select
        record_id as event_id,
        batch_id,
        row_number,
        provider_code,
        received_on,
        subject_kind,
        subject_key,
        subject_name,
        target_record_id as record_id,
        target_due_on,
        decision_number,
        rectification_number,
        ordered_on,
        deadline_on,
        completed_on,
        coalesce(confirmed, false) as is_confirmed,
        confirmed_on,
        confirming_unit
    from source
)

select * from final
