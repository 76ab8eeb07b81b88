{%- set candidate = ref('int_licences_publishable') -%}
{{
    config(
        schema='marts',
        full_refresh=false,
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='record_id',
        on_schema_change='append_new_columns',
        pre_hook=[build_session(), "{{ withdraw_rows_missing_from(ref('int_licences_publishable')) }}"],
        indexes=[
            {'columns': ['record_id'], 'unique': true},
            {'columns': ['subject_key']},
            {'columns': ['valid_until']},
        ],
    )
}}

{{
    rows_to_publish(
        candidate,
        columns=[
            'record_id',
            'subject_key',
            'subject_name',
            'subject_kind',
            'uscc',
            'document_name',
            'decision_number',
            'licence_category',
            'certificate_name',
            'licence_number',
            'content',
            'decided_on',
            'valid_from',
            'valid_until',
            'authority_name',
            'basis',
            'disclosed_from',
            'is_under_objection',
            'provider_code',
            'batch_id',
            'row_number',
            'file_sha256',
        ],
    )
}}
