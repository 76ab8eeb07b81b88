{#- Today's date in Jinan, asked when a reader reads. For the read guard alone (settled reading 16). -#}
{% macro business_today() -%}
    (now() at time zone 'Asia/Shanghai')::date
{%- endmacro %}
