with

source as (
    select * from {{ source('intake', 'repair_training') }}
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
        certificate_number,
        channel,
        organiser_name,
        trainee_role,
        trained_on,
        class_hours,
        topics,
        co_organiser_name,
        plan_code
    from source
)

select * from final
