with

published_listings as (
    select * from {{ ref('fct_published_listings') }}
),

final as (
    select * from published_listings
    where {{ still_disclosed('last_disclosure_on') }}
)

select * from final
