{#- Models are kept by touched record (docs/adr/0011). The runner gathers the list before the build; without its word
    (`by_touch`) every record is computed anew, so that dbt run by hand is right too. -#}

{#- Whether this build computes only what was touched: the runner says so, and the table is there. -#}
{% macro is_by_touch() -%}
    {{ return(var('by_touch', false) and is_incremental()) }}
{%- endmacro %}

{#- The list of touched records. No model: it is gathered before the build, and a failed build keeps it. -#}
{% macro touched_records() -%}
    intermediate.touched_records
{%- endmacro %}

{#- Condition for the CTEs of a model that read records: only those that the build computes. -#}
{% macro is_touched(record_id='record_id') -%}
    {%- if is_by_touch() -%}
        {{ record_id }} in (select touched.record_id from {{ touched_records() }} as touched)
    {%- else -%}
        {{ record_id }} is not null
    {%- endif -%}
{%- endmacro %}

{#- The same in a test, which is no incremental model. An array, because a view with a CTE takes no join into it. -#}
{% macro is_touched_in_this_run(record_id='record_id') -%}
    {%- if var('by_touch', false) -%}
        {{ record_id }} = any(array(select touched.record_id from {{ touched_records() }} as touched))
    {%- else -%}
        {{ record_id }} is not null
    {%- endif -%}
{%- endmacro %}

{#- Pre-hook of a model kept by touched record: the rows of the records that are computed anew go first. -#}
{% macro forget_touched() -%}
    {%- if is_by_touch() -%}
        delete from {{ this }} where {{ is_touched() }}
    {%- elif is_incremental() -%}
        truncate {{ this }}
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#- Post-hook: a table that was made in this run has no statistics yet; one that is kept has. -#}
{% macro gather_statistics() -%}
    {%- if is_by_touch() -%} select 1 {%- else -%} analyze {{ this }} {%- endif -%}
{%- endmacro %}

{#- The rows that a test looks at. With `where: touched` those that the build has computed: the others passed the same
    tests when they were written. nothing_expired depends on the day as well, and looks at all. -#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where', '') -%}
    {%- if where == 'touched' -%}
        {%- set where = '' -%}
        {%- if execute and var('by_touch', false) and model.test_metadata.name != 'nothing_expired' -%}
            {%- if 'record_id' in adapter.get_columns_in_relation(relation) | map(attribute='name') -%}
                {%- set where = is_touched_in_this_run() -%}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
    {%- if where -%}
        {%- do return("(select * from " ~ relation ~ " where " ~ where ~ ") as dbt_subquery") -%}
    {%- endif -%}
    {%- do return(relation) -%}
{%- endmacro %}

{#- Start of a run. One that the runner did not gather for leaves marts of which it knows nothing: the next computes
    every record anew. -#}
{% macro note_run() -%}
    {%- if var('by_touch', false) or var('schema_prefix', '') -%}
        select 1
    {%- else -%}
        update reference.marts_state set is_whole = false where is_whole
    {%- endif -%}
{%- endmacro %}

{#- Post-hook of the terms: an expiry rests on terms of its own day alone. -#}
{% macro note_terms() -%}
    {%- if var('schema_prefix', '') -%}
        select 1
    {%- else -%}
        update reference.marts_state set terms_as_of_on = {{ as_of_date() }}
    {%- endif -%}
{%- endmacro %}

{#- Post-hooks of int_record_rights: a record whose rights are other than the marts have seen is touched, whatever made
    the difference (an event that names another record now, evidence about its subject, a registry entry). Models that
    are kept by touched record come before or after int_record_rights, never beside it. -#}
{% macro touch_changed_rights() -%}
    {%- if var('by_touch', false) -%}
        insert into {{ touched_records() }}
        select coalesce(rights.record_id, seen.record_id)
        from (select record_id, md5(rights::text) as content from {{ this }} as rights) as rights
        full join intermediate.rights_seen as seen on rights.record_id = seen.record_id
        where rights.content is distinct from seen.content
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{% macro note_rights() -%}
    {%- if var('schema_prefix', '') -%}
        select 1
    {%- else -%}
        with forgotten as (
            delete from intermediate.rights_seen as seen
            where not exists (
                select 1 from {{ this }} as rights
                where rights.record_id = seen.record_id and md5(rights::text) = seen.content
            )
        )
        insert into intermediate.rights_seen (record_id, content)
        select record_id, md5(rights::text) from {{ this }} as rights
        where not exists (
            select 1 from intermediate.rights_seen as seen
            where seen.record_id = rights.record_id and seen.content = md5(rights::text)
        )
    {%- endif -%}
{%- endmacro %}
