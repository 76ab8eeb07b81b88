with

events as (
    select * from {{ ref('int_rectifications') }}
),

final as (
    select
        event_id,
        record_id,
        item,
        provider_code,
        subject_kind,
        subject_key,
        {{ masked_text('subject_name', ['identity', 'mobile']) }} as subject_name,
        decision_number,
        rectification_number,
        ordered_on,
        deadline_on,
        completed_on,
        is_confirmed,
        confirmed_on,
        confirming_unit,
        status,
        reasons,
        first_received_on,
        received_on,
        last_disclosure_on,
        batch_id,
        row_number
    from events
    where {{ still_disclosed('last_disclosure_on') }}
)

select * from final
