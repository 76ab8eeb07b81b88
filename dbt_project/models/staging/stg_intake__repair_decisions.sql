with

source as (
    select * from {{ source('intake', 'repair_decision') }}
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
        repair_number,
        decision = '准予修复' as is_granted,
        applied_on,
        decided_on as repaired_on,
        authority_name
    from source
)

select * from final
