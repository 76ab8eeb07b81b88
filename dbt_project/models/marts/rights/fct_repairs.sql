with

events as (
    select * from {{ ref('int_repairs') }}
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
        repair_number,
        is_granted,
        applied_on,
        repaired_on,
        authority_name,
        severity,
        is_serious,
        class_hours,
        has_credit_report,
        is_rectified,
        min_months,
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
