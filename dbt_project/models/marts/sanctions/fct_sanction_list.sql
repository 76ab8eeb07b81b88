with

published_sanctions as (
    select * from {{ ref('fct_published_sanctions') }}
),

final as (
    select
        record_id,
        list_code,
        list_name,
        list_level,
        subject_key,
        subject_name,
        subject_kind,
        listed_on,
        measures,
        is_suspended,
        last_sanction_on,
        provider_code,
        batch_id,
        row_number,
        file_sha256
    from published_sanctions
    where not is_suspended and {{ still_disclosed('last_sanction_on') }}
)

select * from final
