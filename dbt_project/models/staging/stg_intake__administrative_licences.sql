with

source as (
    select * from {{ source('intake', 'administrative_licence') }}
),

final as (
    select
        record_id,
        batch_id,
        row_number,
        provider_code,
        received_on,
        subject_kind,
        coalesce(
            subject_key,
            uscc,
            organisation_code,
            registration_number,
            tax_registration_number,
            institution_certificate_number,
            social_organisation_number
        ) as subject_key,
        subject_name,
        uscc,
        legal_representative,
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
        authority_code,
        coalesce(licence_status, '有效') not in ('无效', '2') as is_valid,
        {{ disclosure_basis('administrative_licence') }} as basis,
        coalesce(is_withdrawn, false) as is_withdrawn,
        secret_fields as secret_words
    from source
)

select * from final
