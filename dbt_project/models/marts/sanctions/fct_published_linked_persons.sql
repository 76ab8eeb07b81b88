{%- set candidate = ref('int_linked_persons_publishable') -%}
{{
    config(
        schema='marts',
        materialized='incremental',
        full_refresh=false,
        incremental_strategy='delete+insert',
        unique_key='linked_person_id',
        on_schema_change='append_new_columns',
        pre_hook=[
            build_session(),
            "{{ withdraw_rows_missing_from(ref('int_linked_persons_publishable'), key='linked_person_id') }}",
        ],
        indexes=[
            {'columns': ['linked_person_id'], 'unique': true},
            {'columns': ['record_id']},
            {'columns': ['person_key']},
        ],
    )
}}

{{
    rows_to_publish(
        candidate,
        key='linked_person_id',
        columns=[
            'linked_person_id',
            'record_id',
            'list_code',
            'role',
            'person_name',
            'person_key',
            'subject_key',
            'is_suspended',
            'last_sanction_on',
            'provider_code',
            'batch_id',
            'row_number',
            'file_sha256',
        ],
    )
}}
