{#- The length of a dated term in calendar years and months. -#}
{% macro term_length() -%}
    make_interval(years => coalesce(max_years, 0), months => coalesce(max_months, 0))
{%- endmacro %}
