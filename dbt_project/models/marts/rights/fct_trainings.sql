with

repair_trainings as (
    select * from {{ ref('stg_intake__repair_trainings') }}
),

current_versions as (
    {{ latest_events('repair_trainings') }}
),

final as (
    select
        event_id,
        provider_code,
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
        received_on,
        batch_id,
        row_number
    from current_versions
)

select * from final
