with

events as (
    select * from {{ ref('int_talks') }}
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
        talk_number,
        talk_kind,
        talked_on,
        unit_name,
        attendee_role,
        outcome,
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
