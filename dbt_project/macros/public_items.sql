{#- The items whose contract says 公开公示, as an SQL list of literals (S20, S22). -#}
{% macro public_items() -%}
    '{{ var("public_items") | join("', '") }}'
{%- endmacro %}
