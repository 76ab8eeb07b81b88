{#- S43: no identity number, card, phone, mail or home address stands in the clear. The failing rows are ids only. -#}
{% test nothing_unmasked(model, free_texts, other_texts=[]) %}

select record_id
from {{ model }}
where
    {%- for column in free_texts %}
    {{ holds_personal_data(column) }}
    {%- if not loop.last or other_texts %} or{% endif -%}
    {%- endfor %}
    {%- for column in other_texts %}
    {{ holds_personal_data(column, ['identity']) }}{{ " or" if not loop.last }}
    {%- endfor %}

{% endtest %}
