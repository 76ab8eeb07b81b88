{{
    config(
        indexes=[
            {'columns': ['measure_id'], 'unique': true},
            {'columns': ['record_id']},
            {'columns': ['last_sanction_on']},
        ],
    )
}}

with

sanctions as (
    select * from {{ ref('int_sanctions_publishable') }}
    where not is_suspended and {{ is_touched() }}
),

measures as (
    select * from {{ ref('measures') }}
    where
        is_enabled
        and {{ is_effective() }}
),

final as (
    select
        sanctions.record_id::text || ':' || measures.measure_code || ':' || authorities.authority as measure_id,
        sanctions.record_id,
        sanctions.list_code,
        measures.measure_code,
        measures.measure,
        authorities.authority as acting_authority,
        measures.basis,
        measures.norm_rank as basis_rank,
        sanctions.subject_key,
        sanctions.subject_kind,
        sanctions.last_sanction_on,
        sanctions.provider_code,
        sanctions.batch_id,
        sanctions.row_number,
        sanctions.file_sha256
    from sanctions
    inner join measures
        on
            sanctions.list_code = measures.list_code
            or (measures.list_code is null and sanctions.list_level = measures.list_level)
    cross join lateral regexp_split_to_table(measures.authority, '、') as authorities (authority)
)

select * from final
