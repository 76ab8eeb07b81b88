with

source as (
    select * from {{ source('intake', 'incentive_listing') }}
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
            tax_registration_number
        ) as subject_key,
        subject_name,
        list_name,
        decision_number,
        recognised_on,
        valid_until,
        comment_year,
        grade,
        basis,
        authority_name,
        coalesce(is_withdrawn, false) as is_withdrawn,
        secret_fields as secret_words
    from source
)

select * from final
