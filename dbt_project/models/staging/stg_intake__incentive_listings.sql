with

source as (
    select * from {{ source('intake', 'incentive_listing') }}
),

-- An altered recognition is shown as it now stands (S67): its grade, and how long it is valid.
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
            source.tax_registration_number
        ) as subject_key,
        source.subject_name,
        source.list_name,
        source.decision_number,
        source.recognised_on,
        coalesce(alterations.altered_until, source.valid_until) as valid_until,
        source.comment_year,
        coalesce(alterations.altered_content, source.grade) as grade,
        source.basis,
        source.authority_name,
        coalesce(source.is_withdrawn, false) as is_withdrawn,
        source.secret_fields as secret_words
    from source
    left join alterations on source.record_id = alterations.record_id
)

select * from final
