{{
    config(
        indexes=[
            {'columns': ['linked_person_id'], 'unique': true},
            {'columns': ['record_id']},
            {'columns': ['last_sanction_on']},
        ],
    )
}}

with

sanctions as (
    select * from {{ ref('int_sanctions_publishable') }}
    where subject_kind in ('legal', 'unincorporated') and list_level = 'serious' and {{ is_touched() }}
),

classified as (
    select * from {{ ref('int_records_classified') }}
    where {{ is_touched() }}
),

listings as (
    select * from {{ ref('stg_intake__listings') }}
),

final as (
    select
        sanctions.record_id::text || ':' || linked.role as linked_person_id,
        sanctions.record_id,
        sanctions.list_code,
        linked.role,
        linked.person_name,
        linked.person_key,
        sanctions.subject_key,
        sanctions.is_suspended,
        sanctions.last_sanction_on,
        sanctions.provider_code,
        sanctions.batch_id,
        sanctions.row_number,
        sanctions.file_sha256
    from sanctions
    inner join classified on sanctions.record_id = classified.record_id
    inner join listings
        on {{ same_version('sanctions', 'listings') }}
    cross join
        lateral (
            values
            ('legal_representative', listings.legal_representative, listings.legal_representative_id_key),
            ('principal', listings.principal, listings.principal_id_key),
            ('actual_controller', listings.actual_controller, listings.actual_controller_id_key)
        ) as linked (role, person_name, person_key)
    where linked.person_name is not null and not classified.secret_fields ? linked.role
)

select * from final
