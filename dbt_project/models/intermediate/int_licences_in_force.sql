{{ config(indexes=[{'columns': ['record_id'], 'unique': true}, {'columns': ['valid_until']}]) }}

with

current_licences as (
    {{ latest_versions(ref('stg_intake__administrative_licences')) }}
),

-- Revoked, altered, under objection: what events have done (S62, S69).
record_rights as (
    select * from {{ ref('int_record_rights') }}
),

-- A licence is no dishonest record: it is shown while it is valid, and no five years run.
valid_licences as (
    select
        current_licences.*,
        coalesce(record_rights.is_under_objection, false) as is_under_objection,
        {{ secret_fields_of('current_licences.secret_words', "'administrative_licence'") }} as secret_fields
    from current_licences
    left join record_rights on current_licences.record_id = record_rights.record_id
    where
        current_licences.is_valid
        and not current_licences.is_withdrawn
        and record_rights.ended_reason is null
        and (current_licences.valid_until is null or current_licences.valid_until >= {{ as_of_date() }})
    {{ computed_once() }}
),

final as (
    select
        record_id,
        subject_kind,
        subject_key,
        subject_name,
        uscc,
        legal_representative,
        document_name,
        decision_number,
        licence_category,
        certificate_name,
        licence_number,
        content,
        decided_on,
        valid_from,
        valid_until,
        authority_name,
        basis,
        first_received_on,
        is_under_objection,
        secret_fields,
        provider_code,
        batch_id,
        row_number,
        file_sha256
    from valid_licences
    where not secret_fields ? '*'
)

select * from final
