{#- For the pre-hook of a model that sorts or hashes every record: PostgreSQL's default of 4 MB would spill, and
    compiling its long expressions costs more than it saves. -#}
{% macro build_session() -%}
    select
        set_config('work_mem', '{{ var("build_work_mem") }}', true),
        set_config('jit', 'off', true)
{%- endmacro %}
