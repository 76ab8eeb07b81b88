{{
    config(
        full_refresh=false,
        on_schema_change='append_new_columns',
        indexes=[{'columns': ['record_id'], 'unique': true}],
    )
}}

-- Who is due which talk, by whom (S37–S41): one for a listing in force, of its list's kind, by the unit that listed.
-- None where nothing that the subject could do would put the conduct right.

with

records as (
    select * from {{ ref('int_records_classified') }}
    where item in ({{ listing_items() }}) and not is_wholly_secret and {{ is_touched() }}
),

listings as (
    select * from {{ ref('stg_intake__listings') }}
    where {{ is_touched() }}
),

lists as (
    select * from {{ ref('int_lists_dated') }}
    where is_correctable
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
        lists.list_level,
        case lists.list_level when 'watch' then '提示性约谈' else '警示性约谈' end as talk_kind,
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
    inner join lists on listings.list_code = lists.list_code
    left join counted_talks on records.record_id = counted_talks.record_id
)

select * from final
