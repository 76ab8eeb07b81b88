{#- The schemas are part of the interface (roles are granted on them), so a model's schema is exactly what it says,
    never prefixed with the target's. A rehearsal has schemas of its own. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ var('schema_prefix', '') }}{{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
