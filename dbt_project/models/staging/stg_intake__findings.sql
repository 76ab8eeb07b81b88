with

source as (
    select * from {{ source('intake', 'findings') }}
),

final as (
    select
        batch_id,
        row_number,
        rule_id,
        field
    from source
)

select * from final
