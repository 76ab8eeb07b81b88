with

source as (
    select * from {{ source('intake', 'credit_report') }}
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
        report_number,
        agency_name,
        issued_on,
        submitted_on
    from source
)

select * from final
