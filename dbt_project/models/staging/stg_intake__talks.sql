with

source as (
    select * from {{ source('intake', 'talk') }}
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
        talk_number,
        talk_kind,
        talked_on,
        unit_name,
        attendee_role,
        outcome
    from source
)

select * from final
