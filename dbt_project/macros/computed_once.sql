{#- Ends a CTE whose columns are used many times downstream: without it PostgreSQL copies their expressions into
    every use, and computes them as often. Unlike `materialized` it stores nothing. -#}
{% macro computed_once() -%}
    offset 0
{%- endmacro %}
