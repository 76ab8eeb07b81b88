{{ config(indexes=[{'columns': ['record_id'], 'unique': true}, {'columns': ['last_disclosure_on']}]) }}

{%- set texts = ['penalty_name', 'conduct_type', 'facts', 'basis'] -%}
{%- set more_texts = ['other_category', 'content', 'licence_revoked'] %}

with

records as (
    select * from {{ ref('int_records_classified') }}
    where item = 'administrative_penalty' and withheld_reason is null and {{ is_touched() }}
),

penalties as (
    select * from {{ ref('stg_intake__administrative_penalties') }}
),

-- A sole trader's operator is a natural person: the name is known from these fields, and is taken out of the texts.
named as (
    select
        penalties.*,
        case
            when penalties.subject_kind = 'sole_trader'
                then nullif(trim(coalesce(penalties.legal_representative, penalties.principal)), '')
        end as operator_name,
        records.secret_fields,
        records.first_received_on as disclosed_from,
        records.last_disclosure_on,
        records.is_under_objection,
        records.file_sha256
    from records
    inner join penalties
        on {{ same_version('records', 'penalties') }}
),

without_operator as (
    select
        record_id,
        case when not secret_fields ?| array['uscc', 'subject_name'] then subject_key end as subject_key,
        {{ disclosed_name('subject_name', 'subject_kind', 'operator_name') }} as subject_name,
        subject_kind,
        uscc,
        decision_number,
        {%- for text in texts + more_texts %}
        {{ without_operator(text) }} as {{ text }},
        {%- endfor %}
        categories,
        fine_10k_yuan,
        confiscated_10k_yuan,
        decided_on,
        effective_until,
        authority_name,
        authority_code,
        severity,
        disclosed_from,
        last_disclosure_on,
        is_under_objection,
        provider_code,
        batch_id,
        row_number,
        file_sha256,
        secret_fields
    from named
    {{ computed_once() }}
),

final as (
    select
        record_id,
        subject_key,
        {{ unless_secret('subject_name') }} as subject_name,
        subject_kind,
        {{ unless_secret('uscc') }} as uscc,
        {{ unless_secret('decision_number', masked_text('decision_number', ['identity'])) }} as decision_number,
        {%- for text in texts %}
        {{ unless_secret(text, masked_text(text)) }} as {{ text }},
        {%- endfor %}
        {{ unless_secret('categories') }} as categories,
        {%- for text in more_texts %}
        {{ unless_secret(text, masked_text(text)) }} as {{ text }},
        {%- endfor %}
        {%- for value in ['fine_10k_yuan', 'confiscated_10k_yuan', 'decided_on', 'effective_until'] %}
        {{ unless_secret(value, withheld='null') }} as {{ value }},
        {%- endfor %}
        {{ unless_secret('authority_name', masked_text('authority_name', ['identity'])) }} as authority_name,
        {{ unless_secret('authority_code') }} as authority_code,
        severity,
        disclosed_from,
        last_disclosure_on,
        is_under_objection,
        provider_code,
        batch_id,
        row_number,
        file_sha256
    from without_operator
)

select * from final
