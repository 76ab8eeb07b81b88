{{ config(indexes=[{'columns': ['record_id'], 'unique': true}, {'columns': ['last_disclosure_on']}]) }}

with

record_terms as (
    select * from {{ ref('int_record_terms') }}
    where {{ is_touched() }}
),

-- What its unit has taken back (是否撤回).
withdrawn as (
    select * from {{ ref('int_records_withdrawn') }}
    where {{ is_touched() }}
),

-- Repaired, revoked, altered, under objection: what events have done (S51, S62, S69).
record_rights as (
    select * from {{ ref('int_record_rights') }}
),

final as (
    select
        record_terms.record_id,
        record_terms.item,
        record_terms.provider_code,
        record_terms.batch_id,
        record_terms.file_sha256,
        record_terms.row_number,
        record_terms.first_received_on,
        record_terms.subject_kind,
        record_terms.last_disclosure_on,
        record_terms.is_anchor_fallback,
        -- Every mart takes both flags from here, so they change in one place.
        coalesce(record_rights.is_under_objection, false) as is_under_objection,
        coalesce(record_rights.is_under_objection, false) as is_suspended
    from record_terms
    left join record_rights on record_terms.record_id = record_rights.record_id
    where
        (record_terms.last_disclosure_on is null or record_terms.last_disclosure_on >= {{ as_of_date() }})
        and record_rights.ended_reason is null
        and not exists (
            select 1 from withdrawn
            where withdrawn.record_id = record_terms.record_id
        )
)

select * from final
