with

source as (
    select * from {{ source('intake', 'administrative_penalty') }}
),

-- An altered decision is shown as it now stands (S67); what was first sent stays in intake.
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
        source.principal,
        source.decision_number,
        source.penalty_name,
        source.conduct_type,
        source.facts,
        source.basis,
        source.categories,
        source.other_category,
        coalesce(alterations.altered_content, source.content) as content,
        coalesce(alterations.altered_fine_10k_yuan, source.fine_10k_yuan) as fine_10k_yuan,
        source.confiscated_10k_yuan,
        source.licence_revoked,
        source.decided_on,
        source.effective_until,
        coalesce(alterations.altered_until, source.publicity_until) as publicity_until,
        source.authority_name,
        source.authority_code,
        coalesce(alterations.altered_severity, source.severity) as severity,
        source.conduct_ended_on,
        coalesce(source.conduct_ongoing, false) as is_conduct_ongoing,
        coalesce(source.is_withdrawn, false) as is_withdrawn,
        source.secret_fields as secret_words
    from source
    left join alterations on source.record_id = alterations.record_id
)

select * from final
