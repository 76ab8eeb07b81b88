with

records as (
    select * from {{ ref('int_records_in_force') }}
    where last_disclosure_on < {{ as_of_date() }} + 30
),

-- The last day of disclosure is the day before the expiry takes the record.
final as (
    select
        records.provider_code,
        records.item,
        ahead.within_days,
        count(*) as records,
        min(records.last_disclosure_on) as first_last_day_on,
        max(records.last_disclosure_on) as last_last_day_on,
        {{ as_of_date() }} as as_of_on
    from records
    inner join
        (values (1), (7), (30)) as ahead (within_days)
        on records.last_disclosure_on < {{ as_of_date() }} + ahead.within_days
    group by records.provider_code, records.item, ahead.within_days
)

select * from final
