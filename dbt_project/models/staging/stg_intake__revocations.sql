with

source as (
    select * from {{ source('intake', 'revocation') }}
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
        revocation_number,
        action = '撤销' as is_revocation,
        revoked_on,
        authority_name,
        days_late,
        altered_content,
        altered_fine_10k_yuan,
        altered_severity,
        altered_until
    from source
)

select * from final
