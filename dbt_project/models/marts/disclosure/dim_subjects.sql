with

-- The published tables, not the views on them: a view that is made anew takes those that stand on it along.
penalties as (
    select * from {{ ref('fct_published_penalties') }}
    where subject_key is not null and {{ still_disclosed('last_disclosure_on') }}
),

listings as (
    select * from {{ ref('fct_published_listings') }}
    where subject_key is not null and {{ still_disclosed('last_disclosure_on') }}
),

disclosed as (
    select
        subject_key,
        subject_name,
        subject_kind,
        uscc,
        decided_on as event_on,
        last_disclosure_on,
        1 as penalty_count,
        0 as listing_count
    from penalties
    union all
    select
        subject_key,
        subject_name,
        subject_kind,
        uscc,
        listed_on as event_on,
        last_disclosure_on,
        0 as penalty_count,
        1 as listing_count
    from listings
),

-- The name and kind of the latest record: date and text in one value, so that one hash aggregate does.
final as (
    select
        subject_key,
        substr(max(coalesce(to_char(event_on, 'YYYYMMDD'), '00000000') || subject_name), 9) as subject_name,
        substr(max(coalesce(to_char(event_on, 'YYYYMMDD'), '00000000') || subject_kind), 9) as subject_kind,
        max(uscc) as uscc,
        sum(penalty_count)::integer as penalty_count,
        sum(listing_count)::integer as listing_count,
        min(event_on) as first_event_on,
        max(event_on) as last_event_on,
        case when count(last_disclosure_on) = count(*) then max(last_disclosure_on) end as last_disclosure_on
    from disclosed
    group by subject_key
)

select * from final
