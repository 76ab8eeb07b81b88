{%- set candidate = ref('int_incentives_publishable') -%}
{{
    config(
        schema='marts',
        full_refresh=false,
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='record_id',
        on_schema_change='append_new_columns',
        pre_hook=[build_session(), "{{ withdraw_rows_missing_from(ref('int_incentives_publishable')) }}"],
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
            'list_name',
            'subject_key',
            'subject_name',
            'subject_kind',
            'decision_number',
            'recognised_on',
            'valid_until',
            'comment_year',
            'grade',
            'authority_name',
            'is_suspended',
            'provider_code',
            'batch_id',
            'row_number',
            'file_sha256',
        ],
    )
}}
