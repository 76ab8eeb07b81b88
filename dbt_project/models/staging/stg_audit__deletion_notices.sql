with

source as (
    select * from {{ source('audit', 'deletion_notices') }}
),

final as (
    select
        notice_id,
        provider_code,
        as_of_on,
        issued_at,
        due_on,
        records
    from source
)

select * from final
