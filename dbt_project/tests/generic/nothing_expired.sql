{#- S29–S31: nothing past its last day, and nothing that has a tombstone. The days are looked at in every row, touched
    or not. A tombstone is written in the transaction that takes its record out of every table, so only a row that this
    build wrote could go against one. -#}
{% test nothing_expired(model, last_day='last_disclosure_on') %}

select record_id
from {{ model }}
where {{ last_day }} < {{ as_of_date() }}
union all
select model.record_id
from {{ model }} as model
inner join {{ ref('stg_audit__tombstones') }} as tombstones on model.record_id = tombstones.record_id
where {{ is_touched_in_this_run('model.record_id') }}

{% endtest %}
