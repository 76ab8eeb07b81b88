{%- set candidate = ref('int_sanctions_publishable') -%}
{{
    config(
        schema='marts',
        materialized='incremental',
        full_refresh=false,
        incremental_strategy='delete+insert',
        unique_key='record_id',
        on_schema_change='append_new_columns',
        pre_hook=[build_session(), "{{ withdraw_rows_missing_from(ref('int_sanctions_publishable')) }}"],
        indexes=[
            {'columns': ['record_id'], 'unique': true},
            {'columns': ['subject_key']},
            {'columns': ['last_sanction_on']},
        ],
    )
}}

{{
    rows_to_publish(
        candidate,
        columns=[
            'record_id',
            'list_code',
            'list_name',
            'list_level',
            'subject_key',
            'subject_name',
            'subject_kind',
            'listed_on',
            'measures',
            'is_suspended',
            'last_sanction_on',
            'provider_code',
            'batch_id',
            'row_number',
            'file_sha256',
        ],
    )
}}
