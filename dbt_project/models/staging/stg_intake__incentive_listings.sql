-- No CTE: into a view that has one PostgreSQL joins nothing, and a build by touched records would read every row.
-- An altered recognition is shown as it now stands (S67): its grade, and how long it is valid.
select
    sent.record_id,
    sent.batch_id,
    sent.row_number,
    sent.provider_code,
    sent.received_on,
    sent.subject_kind,
    {{ subject_key_of('sent') }} as subject_key,
    sent.subject_name,
    sent.list_name,
    sent.decision_number,
    sent.recognised_on,
    coalesce(alterations.altered_until, sent.valid_until) as valid_until,
    sent.comment_year,
    coalesce(alterations.altered_content, sent.grade) as grade,
    sent.basis,
    sent.authority_name,
    coalesce(sent.is_withdrawn, false) as is_withdrawn,
    sent.secret_fields as secret_words
from {{ source('intake', 'incentive_listing') }} as sent
left join {{ ref('stg_intake__alterations') }} as alterations on sent.record_id = alterations.record_id
