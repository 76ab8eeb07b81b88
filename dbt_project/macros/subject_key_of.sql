{#- What a row's subject is known by: the gate's key, else the first code that the row has. with_certificates: for items
    whose feeds have the certificate numbers of institutions and social organisations too. -#}
{% macro subject_key_of(relation, with_certificates=false) -%}
    {%- set codes = ['subject_key', 'uscc', 'organisation_code', 'registration_number', 'tax_registration_number'] -%}
    {%- if with_certificates -%}
        {%- set codes = codes + ['institution_certificate_number', 'social_organisation_number'] -%}
    {%- endif -%}
    coalesce({% for code in codes %}{{ relation }}.{{ code }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}
