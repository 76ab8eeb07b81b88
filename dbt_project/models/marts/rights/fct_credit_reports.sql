with

credit_reports as (
    select * from {{ ref('stg_intake__credit_reports') }}
),

current_versions as (
    {{ latest_events('credit_reports') }}
),

final as (
    select
        event_id,
        provider_code,
        subject_kind,
        subject_key,
        subject_name,
        report_number,
        agency_name,
        issued_on,
        submitted_on,
        received_on,
        batch_id,
        row_number
    from current_versions
)

select * from final
