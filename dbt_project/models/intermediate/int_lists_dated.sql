{{ config(materialized='table') }}

with

sanction_lists as (
    select * from {{ ref('sanction_lists') }}
),

watch_lists as (
    select * from {{ ref('watch_lists') }}
),

all_lists as (
    select * from sanction_lists
    union all
    select * from watch_lists
),

final as (
    select
        list_code,
        list_number,
        list_name,
        list_level,
        subjects,
        issuer,
        is_active,
        active_from,
        active_until,
        basis,
        national_exception_ref,
        disclosure,
        method,
        confidence,
        note,
        is_correctable,
        correctable_basis,
        correctable_confidence,
        is_active
        and {{ is_effective('active_from', 'active_until') }}
            as is_in_force
    from all_lists
)

select * from final
