{%- set candidate = ref('int_measures_publishable') -%}
{{
    config(
        schema='marts',
        materialized='incremental',
        full_refresh=false,
        incremental_strategy='delete+insert',
        unique_key='measure_id',
        on_schema_change='append_new_columns',
        pre_hook=[
            build_session(),
            "{{ withdraw_rows_missing_from(ref('int_measures_publishable'), key='measure_id') }}",
        ],
        indexes=[
            {'columns': ['measure_id'], 'unique': true},
            {'columns': ['record_id']},
            {'columns': ['subject_key']},
        ],
    )
}}

{{
    rows_to_publish(
        candidate,
        key='measure_id',
        columns=[
            'measure_id',
            'record_id',
            'list_code',
            'measure_code',
            'measure',
            'acting_authority',
            'basis',
            'basis_rank',
            'subject_key',
            'subject_kind',
            'last_sanction_on',
            'provider_code',
            'batch_id',
            'row_number',
            'file_sha256',
        ],
    )
}}
