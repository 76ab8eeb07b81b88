-- Every item that puts a subject on a list, in the same columns: one way through the models for all of them.

with

as_sent as (
    select
        'serious_dishonesty_listing' as item,
        {{ listing_columns() }}
    from {{ ref('stg_intake__serious_dishonesty_listings') }}
    union all
    select
        'watch_list_listing' as item,
        {{ listing_columns() }}
    from {{ ref('stg_intake__watch_list_listings') }}
    union all
    select
        'judgment_debtor' as item,
        {{ listing_columns() }}
    from {{ ref('stg_intake__judgment_debtors') }}
),

-- An altered listing is shown as it now stands (S67); what was first sent stays in intake.
alterations as (
    select * from {{ ref('stg_intake__alterations') }}
),

lists as (
    select
        list_code,
        list_name
    from {{ ref('sanction_lists') }}
    union all
    select
        list_code,
        list_name
    from {{ ref('watch_lists') }}
),

-- A provider may write the code or the name of the list, in either width.
list_spellings as (
    select
        list_code,
        upper(normalize(list_code, nfkc)) as spelling
    from lists
    union
    select
        list_code,
        upper(normalize(list_name, nfkc)) as spelling
    from lists
),

final as (
    select
        as_sent.item,
        as_sent.record_id,
        as_sent.batch_id,
        as_sent.row_number,
        as_sent.provider_code,
        as_sent.received_on,
        as_sent.subject_kind,
        as_sent.subject_key,
        as_sent.subject_name,
        as_sent.uscc,
        as_sent.legal_representative,
        as_sent.legal_representative_id_key,
        as_sent.principal,
        as_sent.principal_id_key,
        as_sent.actual_controller,
        as_sent.actual_controller_id_key,
        as_sent.decision_number,
        as_sent.listed_on,
        coalesce(alterations.altered_until, as_sent.listing_ends_on) as listing_ends_on,
        coalesce(alterations.altered_content, as_sent.reason) as reason,
        as_sent.basis,
        as_sent.authority_name,
        as_sent.conduct_ended_on,
        as_sent.is_conduct_ongoing,
        as_sent.is_withdrawn,
        as_sent.secret_words,
        coalesce(list_spellings.list_code, as_sent.list_code) as list_code
    from as_sent
    left join alterations on as_sent.record_id = alterations.record_id
    left join list_spellings on list_spellings.spelling = upper(normalize(as_sent.list_code, nfkc))
)

select * from final
