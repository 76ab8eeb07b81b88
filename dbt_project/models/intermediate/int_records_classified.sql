{{ config(indexes=[{'columns': ['record_id'], 'unique': true}]) }}

with

penalty_records as (
    select * from {{ ref('int_records_in_force') }}
    where item = 'administrative_penalty' and {{ is_touched() }}
),

listing_records as (
    select * from {{ ref('int_records_in_force') }}
    where item in ({{ listing_items() }}) and {{ is_touched() }}
),

penalties as (
    select * from {{ ref('stg_intake__administrative_penalties') }}
),

listings as (
    select * from {{ ref('stg_intake__listings') }}
),

lists as (
    select * from {{ ref('int_lists_dated') }}
),

field_labels as (
    select * from {{ ref('field_labels') }}
),

declared as (
    select
        penalty_records.*,
        penalties.secret_words,
        coalesce(trim(penalties.basis), '') <> '' as has_basis,
        null as list_code
    from penalty_records
    inner join penalties
        on {{ same_version('penalty_records', 'penalties') }}
    union all
    select
        listing_records.*,
        listings.secret_words,
        coalesce(trim(listings.basis), '') <> '' as has_basis,
        listings.list_code
    from listing_records
    inner join listings
        on {{ same_version('listing_records', 'listings') }}
),

-- What the provider marked as secret, as our field names. A word that names no field may mean anything, so it
-- counts as the whole record.
named as (
    select
        *,
        case
            when secret_words is null then '[]'::jsonb
            else (
                select coalesce(jsonb_agg(distinct coalesce(field_labels.field_name, '*')), '[]')
                from regexp_split_to_table(declared.secret_words, '[;；,，|]') as spoken (word)
                left join field_labels
                    on
                        {{ normalised_label('spoken.word') }} = field_labels.label
                        and coalesce(field_labels.item, declared.item) = declared.item
                where trim(spoken.word) <> ''
            )
        end as secret_fields
    from declared
    {{ computed_once() }}
),

final as (
    select
        named.record_id,
        named.item,
        named.provider_code,
        named.batch_id,
        named.file_sha256,
        named.row_number,
        named.first_received_on,
        named.subject_kind,
        named.last_disclosure_on,
        named.is_anchor_fallback,
        named.is_under_objection,
        named.is_suspended,
        named.secret_fields,
        named.secret_fields ? '*' as is_wholly_secret,
        case
            when named.secret_fields ? '*' then 'secret_record'
            when named.subject_kind not in ('legal', 'unincorporated', 'sole_trader') then 'natural_person'
            when named.item not in ({{ public_items() }})
                then 'item_not_public'
            when named.item in ({{ listing_items() }}) and lists.is_in_force is not true
                then 'list_not_in_force'
            when named.item in ({{ listing_items() }}) and lists.disclosure <> '公开公示'
                then 'list_not_public'
            when not named.has_basis then 'basis_missing'
        end as withheld_reason
    from named
    left join lists on named.list_code = lists.list_code
)

select * from final
