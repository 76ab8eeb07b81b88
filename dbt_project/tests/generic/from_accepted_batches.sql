{#- Nothing under a batch that was blocked or refused, and every row can be traced to its file (S15). -#}
{% test from_accepted_batches(model) %}

select model.record_id
from {{ model }} as model
left join {{ ref('stg_intake__batches') }} as batches on model.batch_id = batches.batch_id
where
    batches.status is null
    or batches.status not in ('accepted', 'partly_rejected')
    or model.row_number is null
    or model.provider_code is null
    or model.file_sha256 is null

{% endtest %}
