with

notices as (
    select * from {{ ref('stg_audit__deletion_notices') }}
    where as_of_on <= {{ as_of_date() }}
),

-- A replay of a past day knows nothing of the receipts that came later.
receipts as (
    select
        notice_id,
        confirmed_on,
        (received_at at time zone 'Asia/Shanghai')::date as received_on
    from {{ ref('stg_audit__deletion_receipts') }}
),

final as (
    select
        notices.notice_id,
        notices.provider_code,
        notices.records,
        notices.as_of_on as started_on,
        notices.due_on,
        receipts.received_on as met_on,
        receipts.confirmed_on,
        case
            when receipts.received_on is null and notices.due_on < {{ as_of_date() }} then 'missed'
            when receipts.received_on is null then 'open'
            when receipts.received_on > notices.due_on then 'missed'
            else 'met'
        end as status
    from notices
    left join receipts on notices.notice_id = receipts.notice_id
)

select * from final
