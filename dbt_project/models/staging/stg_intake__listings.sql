-- Every item that puts a subject on a list, in the same columns: one way through the models for all of them.

with

final as (
    select
        'serious_dishonesty_listing' as item,
        {{ listing_columns() }}
    from {{ ref('stg_intake__serious_dishonesty_listings') }}
    union all
    select
        'watch_list_listing' as item,
        {{ listing_columns() }}
    from {{ ref('stg_intake__watch_list_listings') }}
    union all
    select
        'judgment_debtor' as item,
        {{ listing_columns() }}
    from {{ ref('stg_intake__judgment_debtors') }}
)

select * from final
