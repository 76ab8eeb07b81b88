with

lists as (
    select * from {{ ref('int_lists_dated') }}
),

policies as (
    select * from {{ ref('list_repair_policies') }}
    where is_enabled and {{ is_effective() }}
),

final as (
    select
        lists.list_code,
        lists.list_name,
        lists.list_level,
        lists.subjects,
        lists.issuer,
        lists.is_in_force,
        lists.disclosure,
        policies.conditions as repair_conditions,
        policies.procedure as repair_procedure,
        policies.materials as repair_materials,
        policies.list_code is null as lacks_repair_policy
    from lists
    left join policies on lists.list_code = policies.list_code
)

select * from final
