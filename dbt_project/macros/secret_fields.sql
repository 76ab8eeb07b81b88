{#- The expression, unless the provider marked the field as secret (S04). Wants `secret_fields` (jsonb, an array of field names) in scope. -#}
{% macro unless_secret(field, expression=none, withheld="'***'") -%}
    case when secret_fields ? '{{ field }}' then {{ withheld }} else {{ expression or field }} end
{%- endmacro %}
