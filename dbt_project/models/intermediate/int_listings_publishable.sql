{{ config(indexes=[{'columns': ['record_id'], 'unique': true}, {'columns': ['last_disclosure_on']}]) }}

with

records as (
    select * from {{ ref('int_records_classified') }}
    where item in ({{ listing_items() }}) and withheld_reason is null and {{ is_touched() }}
),

listings as (
    select * from {{ ref('stg_intake__listings') }}
),

lists as (
    select * from {{ ref('int_lists_dated') }}
),

named as (
    select
        listings.*,
        lists.list_name,
        lists.list_level,
        case
            when listings.subject_kind = 'sole_trader'
                then nullif(trim(coalesce(listings.legal_representative, listings.principal)), '')
        end as operator_name,
        records.secret_fields,
        records.first_received_on as disclosed_from,
        records.last_disclosure_on,
        records.is_under_objection,
        records.file_sha256
    from records
    inner join listings
        on {{ same_version('records', 'listings') }}
    inner join lists on listings.list_code = lists.list_code
),

without_operator as (
    select
        record_id,
        list_code,
        list_name,
        list_level,
        case when not secret_fields ?| array['uscc', 'subject_name'] then subject_key end as subject_key,
        {{ disclosed_name('subject_name', 'subject_kind', 'operator_name') }} as subject_name,
        subject_kind,
        uscc,
        case when subject_kind <> 'sole_trader' then legal_representative end as legal_representative,
        decision_number,
        listed_on,
        {{ without_operator('reason') }} as reason,
        {{ without_operator('basis') }} as basis,
        authority_name,
        disclosed_from,
        last_disclosure_on,
        is_under_objection,
        provider_code,
        batch_id,
        row_number,
        file_sha256,
        secret_fields
    from named
    {{ computed_once() }}
),

final as (
    select
        record_id,
        list_code,
        list_name,
        list_level,
        subject_key,
        {{ unless_secret('subject_name') }} as subject_name,
        subject_kind,
        {{ unless_secret('uscc') }} as uscc,
        {{ unless_secret('legal_representative', masked_text('legal_representative')) }} as legal_representative,
        {{ unless_secret('decision_number', masked_text('decision_number', ['identity'])) }} as decision_number,
        {{ unless_secret('listed_on', withheld='null') }} as listed_on,
        {{ unless_secret('reason', masked_text('reason')) }} as reason,
        {{ unless_secret('basis', masked_text('basis')) }} as basis,
        {{ unless_secret('authority_name', masked_text('authority_name', ['identity'])) }} as authority_name,
        disclosed_from,
        last_disclosure_on,
        is_under_objection,
        provider_code,
        batch_id,
        row_number,
        file_sha256
    from without_operator
)

select * from final
