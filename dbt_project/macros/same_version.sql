{#- Join condition: the row of `versions` that `records` names as the current version. The version is compared
    inside a case because the planner takes three equalities for independent, expects one row in all, and then
    chooses a nested loop. -#}
{% macro same_version(records, versions) -%}
    {{ records }}.record_id = {{ versions }}.record_id
    and case
        when {{ records }}.row_number = {{ versions }}.row_number then {{ records }}.batch_id = {{ versions }}.batch_id
        else false
    end
{%- endmacro %}
