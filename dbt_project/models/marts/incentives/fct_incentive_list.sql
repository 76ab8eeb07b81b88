with

published_incentives as (
    select * from {{ ref('fct_published_incentives') }}
),

final as (
    select
        record_id,
        list_name,
        subject_key,
        subject_name,
        subject_kind,
        decision_number,
        recognised_on,
        valid_until,
        comment_year,
        grade,
        authority_name,
        provider_code,
        batch_id,
        row_number,
        file_sha256
    from published_incentives
    where not is_suspended and {{ still_disclosed('valid_until') }}
)

select * from final
