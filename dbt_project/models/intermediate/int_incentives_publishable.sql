{{ config(indexes=[{'columns': ['record_id'], 'unique': true}, {'columns': ['valid_until']}]) }}

with

current_listings as (
    {{ latest_versions(ref('stg_intake__incentive_listings')) }}
),

-- Under an objection nothing is granted; it comes back by itself when the objection is closed (S62). One that was
-- revoked, or removed by an objection, has ended.
record_rights as (
    select * from {{ ref('int_record_rights') }}
),

in_force as (
    select
        current_listings.*,
        coalesce(record_rights.is_under_objection, false) as is_suspended,
        {{ secret_fields_of('current_listings.secret_words', "'incentive_listing'") }} as secret_fields
    from current_listings
    left join record_rights on current_listings.record_id = record_rights.record_id
    where
        not current_listings.is_withdrawn
        and record_rights.ended_reason is null
        and (current_listings.valid_until is null or current_listings.valid_until >= {{ as_of_date() }})
    {{ computed_once() }}
),

final as (
    select
        record_id,
        {{ unless_secret('list_name') }} as list_name,
        case
            when not secret_fields ?| array['uscc', 'subject_name', 'identity_number'] then subject_key
        end as subject_key,
        {{ unless_secret('subject_name') }} as subject_name,
        subject_kind,
        {{ unless_secret('decision_number') }} as decision_number,
        {{ unless_secret('recognised_on', withheld='null') }} as recognised_on,
        valid_until,
        {{ unless_secret('comment_year') }} as comment_year,
        {{ unless_secret('grade') }} as grade,
        {{ unless_secret('authority_name') }} as authority_name,
        is_suspended,
        provider_code,
        batch_id,
        row_number,
        file_sha256
    from in_force
    where not secret_fields ? '*'
)

select * from final
