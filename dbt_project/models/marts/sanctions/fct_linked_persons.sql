with

published_linked_persons as (
    select * from {{ ref('fct_published_linked_persons') }}
),

final as (
    select * from published_linked_persons
    where {{ still_disclosed('last_sanction_on') }}
)

select * from final
