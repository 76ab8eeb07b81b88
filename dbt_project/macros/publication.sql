{#- Publication by difference: the published table is never dropped or emptied (the guard views stand on it); rows that
    left the candidate are deleted here, in the transaction that writes the new and changed ones. A build by touched
    records compares those alone. -#}
{% macro withdraw_rows_missing_from(candidate, key='record_id') -%}
    {%- if is_incremental() -%}
        delete from {{ this }} as published
        where {{ is_touched('published.record_id') }} and not exists (
            select 1 from {{ candidate }} as candidate where candidate.{{ key }} = published.{{ key }}
        )
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#- The candidate's rows that the published table lacks or has otherwise. -#}
{% macro rows_to_publish(candidate, columns, key='record_id') -%}
    select
        {%- for column in columns %}
        candidate.{{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ candidate }} as candidate
    {%- if is_incremental() %}
    left join {{ this }} as published on candidate.{{ key }} = published.{{ key }}
    where {{ is_touched('candidate.record_id') }} and (
        published.{{ key }} is null
        or (
            {%- for column in columns %}candidate.{{ column }}{{ ", " if not loop.last }}{% endfor -%}
        ) is distinct from (
            {%- for column in columns %}published.{{ column }}{{ ", " if not loop.last }}{% endfor -%}
        )
    )
    {%- endif %}
{%- endmacro %}
