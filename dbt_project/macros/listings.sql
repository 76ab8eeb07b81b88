{#- The items that put a subject on a list, as an SQL list of literals: their records share one way through the models. -#}
{% macro listing_items() -%}
    'serious_dishonesty_listing', 'watch_list_listing', 'judgment_debtor'
{%- endmacro %}

{#- What each of them gives, in the same order. -#}
{% macro listing_columns() -%}
    record_id, batch_id, row_number, provider_code, received_on, subject_kind, subject_key, subject_name, uscc,
    legal_representative, legal_representative_id_key, principal, principal_id_key, actual_controller,
    actual_controller_id_key, decision_number, listed_on, listing_ends_on, reason, basis, authority_name,
    conduct_ended_on, is_conduct_ongoing, is_withdrawn, secret_words, list_code
{%- endmacro %}

{#- The staging model of an item in the form of a listing: serious and watch lists have the same one. -#}
{% macro listings_as_sent(item) -%}
with

source as (
    select * from {{ source('intake', item) }}
),

final as (
    select
        record_id,
        batch_id,
        row_number,
        provider_code,
        received_on,
        subject_kind,
        {{ subject_key_of('source') }} as subject_key,
        subject_name,
        uscc,
        legal_representative,
        legal_representative_id_key,
        principal,
        principal_id_key,
        actual_controller,
        actual_controller_id_key,
        decision_number,
        listed_on,
        listing_ends_on,
        reason,
        basis,
        authority_name,
        conduct_ended_on,
        coalesce(conduct_ongoing, false) as is_conduct_ongoing,
        coalesce(is_withdrawn, false) as is_withdrawn,
        secret_fields as secret_words,
        list_code
    from source
)

select * from final
{%- endmacro %}
