with

published_measures as (
    select * from {{ ref('fct_published_measures') }}
),

final as (
    select
        measure_id,
        record_id,
        list_code,
        measure_code,
        measure,
        acting_authority,
        basis,
        basis_rank,
        subject_key,
        subject_kind,
        last_sanction_on,
        provider_code,
        batch_id,
        row_number,
        file_sha256
    from published_measures
    where {{ still_disclosed('last_sanction_on') }}
)

select * from final
