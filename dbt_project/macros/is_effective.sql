{#- Whether a dated row of a seed is in force on the as-of date, both ends included; an open end is for ever. -#}
{% macro is_effective(from='effective_from', until='effective_until') -%}
    {{ as_of_date() }} between coalesce({{ from }}, '-infinity') and coalesce({{ until }}, 'infinity')
{%- endmacro %}
