{{ config(indexes=[{'columns': ['record_id'], 'unique': true}, {'columns': ['last_sanction_on']}]) }}

with

records as (
    select * from {{ ref('int_records_classified') }}
    where item in ({{ listing_items() }}) and not is_wholly_secret and {{ is_touched() }}
),

listings as (
    select * from {{ ref('stg_intake__listings') }}
),

-- A list that is not in force is no basis for a sanction.
lists as (
    select * from {{ ref('int_lists_dated') }}
    where is_in_force
),

measures as (
    select * from {{ ref('measures') }}
    where
        is_enabled
        and {{ is_effective() }}
),

measures_of_lists as (
    select
        lists.list_code,
        array_agg(measures.measure order by measures.measure_code) as measures
    from lists
    inner join measures
        on
            lists.list_code = measures.list_code
            or (measures.list_code is null and lists.list_level = measures.list_level)
    group by lists.list_code
),

final as (
    select
        records.record_id,
        listings.list_code,
        lists.list_name,
        lists.list_level,
        case
            when not records.secret_fields ?| array['uscc', 'subject_name', 'identity_number'] then listings.subject_key
        end as subject_key,
        {{ unless_secret('subject_name', 'listings.subject_name') }} as subject_name,
        records.subject_kind,
        {{ unless_secret('listed_on', 'listings.listed_on', withheld='null') }} as listed_on,
        -- Under an objection nothing is executed; it comes back by itself when the objection is closed (S62).
        case when records.is_suspended then '{}' else coalesce(measures_of_lists.measures, '{}') end as measures,
        records.is_suspended,
        records.last_disclosure_on as last_sanction_on,
        records.provider_code,
        records.batch_id,
        records.row_number,
        records.file_sha256
    from records
    inner join listings
        on {{ same_version('records', 'listings') }}
    inner join lists on listings.list_code = lists.list_code
    left join measures_of_lists on listings.list_code = measures_of_lists.list_code
)

select * from final
