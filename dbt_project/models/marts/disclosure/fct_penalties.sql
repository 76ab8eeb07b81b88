with

published_penalties as (
    select * from {{ ref('fct_published_penalties') }}
),

final as (
    select * from published_penalties
    where {{ still_disclosed('last_disclosure_on') }}
)

select * from final
