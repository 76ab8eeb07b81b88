-- No CTE: into a view that has one PostgreSQL joins nothing, and a build by touched records would read every row.
-- An altered licence is shown as it now stands (S67); what was first sent stays in intake.
select
    sent.record_id,
    sent.batch_id,
    sent.row_number,
    sent.provider_code,
    sent.received_on,
    sent.subject_kind,
    {{ subject_key_of('sent', with_certificates=true) }} as subject_key,
    sent.subject_name,
    sent.uscc,
    sent.legal_representative,
    sent.document_name,
    sent.decision_number,
    sent.licence_category,
    sent.certificate_name,
    sent.licence_number,
    coalesce(alterations.altered_content, sent.content) as content,
    sent.decided_on,
    sent.valid_from,
    coalesce(alterations.altered_until, sent.valid_until) as valid_until,
    sent.authority_name,
    sent.authority_code,
    coalesce(sent.licence_status, '有效') not in ('无效', '2') as is_valid,
    {{ disclosure_basis('administrative_licence') }} as basis,
    coalesce(sent.is_withdrawn, false) as is_withdrawn,
    sent.secret_fields as secret_words
from {{ source('intake', 'administrative_licence') }} as sent
left join {{ ref('stg_intake__alterations') }} as alterations on sent.record_id = alterations.record_id
