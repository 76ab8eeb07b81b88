with

events as (
    select * from {{ ref('int_revocations') }}
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
        revocation_number,
        is_revocation,
        revoked_on,
        authority_name,
        days_late,
        {{ masked_text('altered_content') }} as altered_content,
        altered_fine_10k_yuan,
        altered_severity,
        altered_until,
        is_from_market_collector,
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
