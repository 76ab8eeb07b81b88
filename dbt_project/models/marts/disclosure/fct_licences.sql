with

published_licences as (
    select * from {{ ref('fct_published_licences') }}
),

final as (
    select
        record_id,
        subject_key,
        subject_name,
        subject_kind,
        uscc,
        document_name,
        decision_number,
        licence_category,
        certificate_name,
        licence_number,
        content,
        decided_on,
        valid_from,
        valid_until,
        authority_name,
        basis,
        disclosed_from,
        is_under_objection,
        provider_code,
        batch_id,
        row_number,
        file_sha256
    from published_licences
    where {{ still_disclosed('valid_until') }}
)

select * from final
