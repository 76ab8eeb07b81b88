{#- The read guard: a row past its last day is hidden from readers even when nothing has run since. -#}
{% macro still_disclosed(last_day) -%}
    ({{ last_day }} is null or {{ last_day }} >= {{ business_today() }})
{%- endmacro %}
