{#- Settled reading 8: a sole trader's operator is not named: no legal representative, no bare personal name. -#}
{% test operators_unnamed(model, name_column='subject_name', person_columns=[]) %}

select record_id
from {{ model }}
where
    subject_kind = 'sole_trader'
    and (
        {{ name_column }} ~ '^[一-龥]{2,3}$'
        {%- for column in person_columns %}
        or {{ column }} is not null
        {%- endfor %}
    )

{% endtest %}
