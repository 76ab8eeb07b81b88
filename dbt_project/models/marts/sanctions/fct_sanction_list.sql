with

published_sanctions as (
    select * from {{ ref('fct_published_sanctions') }}
),

final as (
    select * from published_sanctions
    where {{ still_disclosed('last_sanction_on') }}
)

select * from final
