with

published_linked_persons as (
    select * from {{ ref('fct_published_linked_persons') }}
),

final as (
    select
        linked_person_id,
        record_id,
        list_code,
        role,
        person_name,
        person_key,
        subject_key,
        is_suspended,
        last_sanction_on,
        provider_code,
        batch_id,
        row_number,
        file_sha256
    from published_linked_persons
    where not is_suspended and {{ still_disclosed('last_sanction_on') }}
)

select * from final
