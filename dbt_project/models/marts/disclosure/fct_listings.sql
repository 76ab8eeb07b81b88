with

published_listings as (
    select * from {{ ref('fct_published_listings') }}
),

final as (
    select
        record_id,
        list_code,
        list_name,
        list_level,
        subject_key,
        subject_name,
        subject_kind,
        uscc,
        legal_representative,
        decision_number,
        listed_on,
        reason,
        basis,
        authority_name,
        disclosed_from,
        last_disclosure_on,
        is_under_objection,
        provider_code,
        batch_id,
        row_number,
        file_sha256
    from published_listings
    where {{ still_disclosed('last_disclosure_on') }}
)

select * from final
