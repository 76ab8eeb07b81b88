with

source as (
    select * from {{ source('reference', 'rules') }}
),

final as (
    select
        rule_id,
        contract_version,
        severity,
        message,
        expectation
    from source
)

select * from final
