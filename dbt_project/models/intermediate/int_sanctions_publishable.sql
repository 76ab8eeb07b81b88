{{ config(indexes=[{'columns': ['record_id'], 'unique': true}, {'columns': ['last_sanction_on']}]) }}

with

records as (
    select * from {{ ref('int_records_classified') }}
    where item = 'serious_dishonesty_listing' and not is_wholly_secret and {{ is_touched() }}
),

listings as (
    select * from {{ ref('stg_intake__serious_dishonesty_listings') }}
),

-- A list that is not in force is no basis for a sanction.
sanction_lists as (
    select * from {{ ref('sanction_lists') }}
    where
        is_active
        and {{ is_effective('active_from', 'active_until') }}
),

measures as (
    select * from {{ ref('measures') }}
    where
        is_enabled
        and {{ is_effective() }}
),

measures_of_lists as (
    select
        sanction_lists.list_code,
        array_agg(measures.measure order by measures.measure_code) as measures
    from sanction_lists
    inner join measures
        on
            sanction_lists.list_code = measures.list_code
            or (measures.list_code is null and sanction_lists.list_level = measures.list_level)
    group by sanction_lists.list_code
),

final as (
    select
        records.record_id,
        listings.list_code,
        sanction_lists.list_name,
        sanction_lists.list_level,
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
    inner join sanction_lists on listings.list_code = sanction_lists.list_code
    left join measures_of_lists on listings.list_code = measures_of_lists.list_code
)

select * from final
