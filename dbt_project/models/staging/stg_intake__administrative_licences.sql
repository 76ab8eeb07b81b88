with

source as (
    select * from {{ source('intake', 'administrative_licence') }}
),

-- An altered licence is shown as it now stands (S67); what was first sent stays in intake.
alterations as (
    select * from {{ ref('stg_intake__alterations') }}
),

final as (
    select
        source.record_id,
        source.batch_id,
        source.row_number,
        source.provider_code,
        source.received_on,
        source.subject_kind,
        coalesce(
            source.subject_key,
            source.uscc,
            source.organisation_code,
            source.registration_number,
            source.tax_registration_number,
            source.institution_certificate_number,
            source.social_organisation_number
        ) as subject_key,
        source.subject_name,
        source.uscc,
        source.legal_representative,
        source.document_name,
        source.decision_number,
        source.licence_category,
        source.certificate_name,
        source.licence_number,
        coalesce(alterations.altered_content, source.content) as content,
        source.decided_on,
        source.valid_from,
        coalesce(alterations.altered_until, source.valid_until) as valid_until,
        source.authority_name,
        source.authority_code,
        coalesce(source.licence_status, '有效') not in ('无效', '2') as is_valid,
        {{ disclosure_basis('administrative_licence') }} as basis,
        coalesce(source.is_withdrawn, false) as is_withdrawn,
        source.secret_fields as secret_words
    from source
    left join alterations on source.record_id = alterations.record_id
)

select * from final
