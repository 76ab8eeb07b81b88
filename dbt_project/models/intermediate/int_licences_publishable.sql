{{ config(indexes=[{'columns': ['record_id'], 'unique': true}, {'columns': ['valid_until']}]) }}

{%- set texts = ['document_name', 'certificate_name', 'content'] %}

with

current_licences as (
    {{ latest_versions(ref('stg_intake__administrative_licences')) }}
),

-- A licence is no dishonest record: it is shown while it is valid, and no five years run.
in_force as (
    select
        *,
        case
            when subject_kind = 'sole_trader' then nullif(trim(legal_representative), '')
        end as operator_name,
        {{ secret_fields_of('secret_words', "'administrative_licence'") }} as secret_fields
    from current_licences
    where
        is_valid
        and not is_withdrawn
        and (valid_until is null or valid_until >= {{ as_of_date() }})
        and subject_kind in ('legal', 'unincorporated', 'sole_trader')
        and 'administrative_licence' in ({{ public_items() }})
    {{ computed_once() }}
),

named as (
    select
        *,
        {{ disclosed_name('subject_name', 'subject_kind', 'operator_name') }} as disclosed_name
    from in_force
    where not secret_fields ? '*'
    {{ computed_once() }}
),

final as (
    select
        record_id,
        case when not secret_fields ?| array['uscc', 'subject_name'] then subject_key end as subject_key,
        {{ unless_secret('subject_name', 'disclosed_name') }} as subject_name,
        subject_kind,
        {{ unless_secret('uscc') }} as uscc,
        {%- for text in texts %}
        {{ unless_secret(text, masked_text(without_operator(text))) }} as {{ text }},
        {%- endfor %}
        {{ unless_secret('decision_number', masked_text('decision_number', ['identity'])) }} as decision_number,
        {{ unless_secret('licence_category') }} as licence_category,
        {{ unless_secret('licence_number', masked_text('licence_number', ['identity'])) }} as licence_number,
        {{ unless_secret('decided_on', withheld='null') }} as decided_on,
        {{ unless_secret('valid_from', withheld='null') }} as valid_from,
        valid_until,
        {{ unless_secret('authority_name', masked_text('authority_name', ['identity'])) }} as authority_name,
        basis,
        first_received_on as disclosed_from,
        provider_code,
        batch_id,
        row_number,
        file_sha256
    from named
)

select * from final
