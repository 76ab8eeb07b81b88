with

source as (
    select * from {{ source('reference', 'providers') }}
),

final as (
    select
        provider_code,
        unit_name,
        unit_kind = '市场信用信息采集单位' as is_market_collector
    from source
)

select * from final
