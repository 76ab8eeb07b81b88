{{ config(indexes=[{'columns': ['record_id'], 'unique': true}, {'columns': ['valid_until']}]) }}

with

current_listings as (
    {{ latest_versions(ref('stg_intake__incentive_listings')) }}
),

in_force as (
    select
        *,
        {{ secret_fields_of('secret_words', "'incentive_listing'") }} as secret_fields
    from current_listings
    where not is_withdrawn and (valid_until is null or valid_until >= {{ as_of_date() }})
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
        provider_code,
        batch_id,
        row_number,
        file_sha256
    from in_force
    where not secret_fields ? '*'
)

select * from final
