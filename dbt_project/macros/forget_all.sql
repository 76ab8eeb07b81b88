{#- Pre-hook of a small table that views of readers stand on: all its rows are made anew in one transaction, and the
    table itself stays. -#}
{% macro forget_all() -%}
    {%- if is_incremental() -%} delete from {{ this }} {%- else -%} select 1 {%- endif -%}
{%- endmacro %}
