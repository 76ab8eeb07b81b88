with

source as (
    select * from {{ source('intake', 'administrative_penalty') }}
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
        principal,
        decision_number,
        penalty_name,
        conduct_type,
        facts,
        basis,
        categories,
        other_category,
        content,
        fine_10k_yuan,
        confiscated_10k_yuan,
        licence_revoked,
        decided_on,
        effective_until,
        publicity_until,
        authority_name,
        authority_code,
        severity,
        conduct_ended_on,
        coalesce(conduct_ongoing, false) as is_conduct_ongoing,
        coalesce(is_withdrawn, false) as is_withdrawn,
        secret_fields as secret_words
    from source
)

select * from final
