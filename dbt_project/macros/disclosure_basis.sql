{#- What an item's contract cites for its disclosure (S20), where the item's form has no column for it. -#}
{% macro disclosure_basis(item) -%}
    '{{ var("disclosure_bases")[item] }}'
{%- endmacro %}
