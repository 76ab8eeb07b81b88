with

source as (
    select * from {{ source('intake', 'judgment_debtor') }}
),

-- The court's form in the words of a listing: they stand on list 6 of S50, for the conduct and the duty not performed.
final as (
    select
        record_id,
        batch_id,
        row_number,
        provider_code,
        received_on,
        subject_kind,
        coalesce(subject_key, uscc, organisation_code, registration_number) as subject_key,
        subject_name,
        uscc,
        legal_representative,
        null::text as legal_representative_id_key,
        principal,
        null::text as principal_id_key,
        actual_controller,
        null::text as actual_controller_id_key,
        case_number as decision_number,
        listed_on,
        listing_ends_on,
        concat_ws('；', conduct, performance) as reason,
        {{ disclosure_basis('judgment_debtor') }} as basis,
        court_name as authority_name,
        conduct_ended_on,
        coalesce(conduct_ongoing, false) as is_conduct_ongoing,
        coalesce(is_withdrawn, false) as is_withdrawn,
        secret_fields as secret_words,
        'COURT_SXBZXR' as list_code
    from source
)

select * from final
