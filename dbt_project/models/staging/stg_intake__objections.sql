with

source as (
    select * from {{ source('intake', 'objection') }}
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
        objection_number,
        ground,
        channel,
        scope = '协助核查' as is_assisted,
        raised_on,
        closed_on,
        outcome,
        notified_on,
        reconsideration_state,
        reconsideration_ref
    from source
)

select * from final
