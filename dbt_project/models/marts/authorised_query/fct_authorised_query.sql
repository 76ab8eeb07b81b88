{{
    config(
        indexes=[
            {'columns': ['record_id'], 'unique': true},
            {'columns': ['subject_key']},
            {'columns': ['last_disclosure_on']},
        ],
    )
}}

with

penalty_records as (
    select * from {{ ref('int_records_classified') }}
    where not is_wholly_secret and {{ is_touched() }} and item = 'administrative_penalty'
),

listing_records as (
    select * from {{ ref('int_records_classified') }}
    where not is_wholly_secret and {{ is_touched() }} and item in ({{ listing_items() }})
),

licences as (
    select * from {{ ref('int_licences_in_force') }}
    where {{ is_touched() }}
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

all_answers as (
    select
        penalty_records.record_id,
        penalty_records.item,
        penalty_records.subject_kind,
        penalty_records.last_disclosure_on,
        penalty_records.is_under_objection,
        penalty_records.secret_fields,
        penalty_records.provider_code,
        penalties.subject_key,
        penalties.subject_name,
        penalties.decision_number,
        concat_ws(
            '；',
            {{ unless_secret('conduct_type', 'penalties.conduct_type', withheld='null') }},
            {{ unless_secret('categories', 'penalties.categories', withheld='null') }},
            {{ unless_secret('fine_10k_yuan', "'罚款' || trim_scale(penalties.fine_10k_yuan) || '万元'", withheld='null') }}
        ) as summary,
        penalties.decided_on,
        penalties.authority_name
    from penalty_records
    inner join penalties
        on {{ same_version('penalty_records', 'penalties') }}
    union all
    select
        listing_records.record_id,
        listing_records.item,
        listing_records.subject_kind,
        listing_records.last_disclosure_on,
        listing_records.is_under_objection,
        listing_records.secret_fields,
        listing_records.provider_code,
        listings.subject_key,
        listings.subject_name,
        listings.decision_number,
        concat_ws(
            '；',
            coalesce(lists.list_name, listings.list_code),
            {{ unless_secret('reason', 'listings.reason', withheld='null') }}
        ) as summary,
        listings.listed_on as decided_on,
        listings.authority_name
    from listing_records
    inner join listings
        on {{ same_version('listing_records', 'listings') }}
    left join lists on listings.list_code = lists.list_code
    union all
    select
        record_id,
        'administrative_licence' as item,
        subject_kind,
        valid_until as last_disclosure_on,
        is_under_objection,
        secret_fields,
        provider_code,
        subject_key,
        subject_name,
        decision_number,
        concat_ws(
            '；',
            {{ unless_secret('certificate_name', withheld='null') }},
            {{ unless_secret('content', withheld='null') }}
        ) as summary,
        decided_on,
        authority_name
    from licences
),

answers as (
    select * from all_answers
    {{ computed_once() }}
),

final as (
    select
        record_id,
        item,
        case
            when not secret_fields ?| array['uscc', 'subject_name', 'identity_number'] then subject_key
        end as subject_key,
        {{ unless_secret('subject_name') }} as subject_name,
        subject_kind,
        {{ unless_secret('decision_number') }} as decision_number,
        {{ masked_text('summary') }} as summary,
        case when not secret_fields ?| array['decided_on', 'listed_on'] then decided_on end as decided_on,
        last_disclosure_on,
        is_under_objection,
        {{ unless_secret('authority_name') }} as authority_name,
        provider_code
    from answers
)

select * from final
