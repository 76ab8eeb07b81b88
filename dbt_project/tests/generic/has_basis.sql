{#- S20: what is public cites what it rests on. -#}
{% test has_basis(model) %}

select record_id
from {{ model }}
where coalesce(trim(basis), '') = ''

{% endtest %}
