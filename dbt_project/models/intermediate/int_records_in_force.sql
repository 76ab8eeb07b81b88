{{ config(indexes=[{'columns': ['record_id'], 'unique': true}]) }}

with

record_terms as (
    select * from {{ ref('int_record_terms') }}
    where {{ is_touched() }}
),

tombstones as (
    select * from {{ ref('stg_audit__tombstones') }}
),

-- What its unit has taken back (是否撤回).
withdrawn as (
    select * from {{ ref('int_records_withdrawn') }}
    where {{ is_touched() }}
),

final as (
    select
        record_id,
        item,
        provider_code,
        batch_id,
        file_sha256,
        row_number,
        first_received_on,
        subject_kind,
        last_disclosure_on,
        is_anchor_fallback,
        -- No item brings objections yet; every mart takes both flags from here, so they change in one place.
        false as is_under_objection,
        false as is_suspended
    from record_terms
    where
        (last_disclosure_on is null or last_disclosure_on >= {{ as_of_date() }})
        and not exists (
            select 1 from tombstones
            where tombstones.record_id = record_terms.record_id
        )
        and not exists (
            select 1 from withdrawn
            where withdrawn.record_id = record_terms.record_id
        )
)

select * from final
