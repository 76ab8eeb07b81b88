with

published_incentives as (
    select * from {{ ref('fct_published_incentives') }}
),

final as (
    select
        record_id,
        list_name,
        subject_key,
        subject_kind,
        recognised_on,
        valid_until,
        provider_code
    from published_incentives
    where is_suspended and {{ still_disclosed('valid_until') }}
)

select * from final
