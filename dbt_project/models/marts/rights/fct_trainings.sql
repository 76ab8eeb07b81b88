with

repair_trainings as (
    select * from {{ ref('stg_intake__repair_trainings') }}
),

current_versions as (
    {{ latest_events('repair_trainings') }}
),

training_plans as (
    select * from {{ ref('training_plans') }}
),

final as (
    select
        current_versions.event_id,
        current_versions.provider_code,
        current_versions.subject_kind,
        current_versions.subject_key,
        current_versions.subject_name,
        current_versions.certificate_number,
        current_versions.channel,
        current_versions.organiser_name,
        current_versions.trainee_role,
        current_versions.trained_on,
        current_versions.class_hours,
        current_versions.topics,
        current_versions.co_organiser_name,
        current_versions.plan_code,
        training_plans.plan_code is not null as is_planned,
        current_versions.received_on,
        current_versions.batch_id,
        current_versions.row_number
    from current_versions
    left join training_plans
        on
            current_versions.plan_code = training_plans.plan_code
            and training_plans.plan_year = extract(year from current_versions.trained_on)
)

select * from final
