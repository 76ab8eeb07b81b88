{#- Whether two subject keys, of one kind (credit codes, or keyed hashes), mean two subjects. A key of another kind says
    nothing: an organisation may have a new code since. -#}
{% macro is_another_subject(one, other) -%}
    coalesce(length({{ one }}) = length({{ other }}) and {{ one }} <> {{ other }}, false)
{%- endmacro %}
