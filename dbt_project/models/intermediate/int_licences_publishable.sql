{{ config(indexes=[{'columns': ['record_id'], 'unique': true}, {'columns': ['valid_until']}]) }}

{%- set texts = ['document_name', 'certificate_name', 'content'] %}

with

in_force as (
    select
        *,
        case
            when subject_kind = 'sole_trader' then nullif(trim(legal_representative), '')
        end as operator_name
    from {{ ref('int_licences_in_force') }}
    where
        {{ is_touched() }}
        and subject_kind in ('legal', 'unincorporated', 'sole_trader')
        and 'administrative_licence' in ({{ public_items() }})
    {{ computed_once() }}
),

named as (
    select
        *,
        {{ disclosed_name('subject_name', 'subject_kind', 'operator_name') }} as disclosed_name
    from in_force
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
        is_under_objection,
        provider_code,
        batch_id,
        row_number,
        file_sha256
    from named
)

select * from final
