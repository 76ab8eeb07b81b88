{#- Nothing under a batch that was blocked or refused, and every row can be traced to its file (S15). -#}
{% test from_accepted_batches(model) %}

with

candidate as (
    select * from {{ model }}
)

select candidate.record_id
from candidate
left join {{ ref('stg_intake__batches') }} as batches on candidate.batch_id = batches.batch_id
where
    batches.status is null
    or batches.status not in ('accepted', 'partly_rejected')
    or candidate.row_number is null
    or candidate.provider_code is null
    or candidate.file_sha256 is null

{% endtest %}
