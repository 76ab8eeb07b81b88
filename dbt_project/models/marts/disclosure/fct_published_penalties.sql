{%- set candidate = ref('int_penalties_publishable') -%}
{{
    config(
        schema='marts',
        materialized='incremental',
        full_refresh=false,
        incremental_strategy='delete+insert',
        unique_key='record_id',
        on_schema_change='append_new_columns',
        pre_hook=[build_session(), "{{ withdraw_rows_missing_from(ref('int_penalties_publishable')) }}"],
        indexes=[
            {'columns': ['record_id'], 'unique': true},
            {'columns': ['subject_key']},
            {'columns': ['last_disclosure_on']},
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
            'decision_number',
            'penalty_name',
            'conduct_type',
            'facts',
            'basis',
            'categories',
            'other_category',
            'content',
            'licence_revoked',
            'fine_10k_yuan',
            'confiscated_10k_yuan',
            'decided_on',
            'effective_until',
            'authority_name',
            'authority_code',
            'severity',
            'disclosed_from',
            'last_disclosure_on',
            'is_under_objection',
            'provider_code',
            'batch_id',
            'row_number',
            'file_sha256',
        ],
    )
}}
