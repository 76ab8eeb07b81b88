with

source as (
    select * from {{ source('intake', 'watch_list_listing') }}
),

watch_lists as (
    select * from {{ ref('watch_lists') }}
),

-- A provider may write the code or the name of the list, in either width.
list_spellings as (
    select
        list_code,
        upper(normalize(list_code, nfkc)) as spelling
    from watch_lists
    union
    select
        list_code,
        upper(normalize(list_name, nfkc)) as spelling
    from watch_lists
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
        source.uscc,
        source.legal_representative,
        source.legal_representative_id_key,
        source.principal,
        source.principal_id_key,
        source.actual_controller,
        source.actual_controller_id_key,
        source.decision_number,
        source.listed_on,
        source.listing_ends_on,
        source.reason,
        source.basis,
        source.authority_name,
        source.conduct_ended_on,
        coalesce(source.conduct_ongoing, false) as is_conduct_ongoing,
        coalesce(source.is_withdrawn, false) as is_withdrawn,
        source.secret_fields as secret_words,
        coalesce(list_spellings.list_code, source.list_code) as list_code
    from source
    left join list_spellings on list_spellings.spelling = upper(normalize(source.list_code, nfkc))
)

select * from final
