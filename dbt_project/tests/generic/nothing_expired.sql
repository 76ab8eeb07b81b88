{#- S29–S31: nothing past its last day, and nothing that has a tombstone. -#}
{% test nothing_expired(model, last_day='last_disclosure_on') %}

select record_id
from {{ model }}
where {{ last_day }} < {{ as_of_date() }}
union all
select model.record_id
from {{ model }} as model
inner join {{ ref('stg_audit__tombstones') }} as tombstones on model.record_id = tombstones.record_id

{% endtest %}
