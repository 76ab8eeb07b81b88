{#- S21: nothing about a natural person. By kind, and by key: a person's key is a keyed hash of 64 hex digits. -#}
{% test no_natural_person(model) %}

select record_id
from {{ model }}
where
    subject_kind is null
    or subject_kind not in ('legal', 'unincorporated', 'sole_trader')
    or subject_key ~ '^[0-9a-f]{64}$'

{% endtest %}
