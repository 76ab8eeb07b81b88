{{
    config(
        full_refresh=false,
        on_schema_change='append_new_columns',
        indexes=[{'columns': ['record_id'], 'unique': true}],
    )
}}

-- Who is due which talk, by whom (S37–S41): one for a listing in force, of its list's kind, by the unit that listed.

with

records as (
    select * from {{ ref('int_records_classified') }}
    where item = 'serious_dishonesty_listing' and not is_wholly_secret and {{ is_touched() }}
),

listings as (
    select * from {{ ref('stg_intake__serious_dishonesty_listings') }}
    where {{ is_touched() }}
),

sanction_lists as (
    select * from {{ ref('sanction_lists') }}
),

-- A talk that was held goes before one that was refused; the first of a kind counts.
counted_talks as (
    select distinct on (record_id)
        record_id,
        status,
        talked_on
    from {{ ref('int_talks') }}
    where status in ('held', 'refused', 'uncooperative')
    order by record_id asc, (status = 'held') desc, talked_on asc
),

final as (
    select
        records.record_id,
        listings.list_code,
        sanction_lists.list_level,
        case sanction_lists.list_level when 'watch' then '提示性约谈' else '警示性约谈' end as talk_kind,
        records.provider_code as due_by_provider_code,
        case
            when not records.secret_fields ?| array['uscc', 'subject_name', 'identity_number'] then listings.subject_key
        end as subject_key,
        {{ unless_secret('subject_name', 'listings.subject_name') }} as subject_name,
        records.subject_kind,
        listings.decision_number,
        listings.listed_on,
        records.first_received_on as disclosed_from,
        records.last_disclosure_on,
        coalesce(counted_talks.status, 'due') as status,
        counted_talks.talked_on
    from records
    inner join listings on {{ same_version('records', 'listings') }}
    inner join sanction_lists on listings.list_code = sanction_lists.list_code
    left join counted_talks on records.record_id = counted_talks.record_id
)

select * from final
