{#- The business day of the build, as an SQL date. It enters by `--vars` alone; nothing here asks the clock. -#}
{% macro as_of_date() -%}
    {%- set day = var('as_of_date') | string -%}
    {%- if not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', day) -%}
        {{ exceptions.raise_compiler_error("as_of_date must be YYYY-MM-DD, got '" ~ day ~ "'") }}
    {%- endif -%}
    date '{{ day }}'
{%- endmacro %}
