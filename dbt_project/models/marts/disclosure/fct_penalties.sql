with

published_penalties as (
    select * from {{ ref('fct_published_penalties') }}
),

final as (
    select
        record_id,
        subject_key,
        subject_name,
        subject_kind,
        uscc,
        decision_number,
        penalty_name,
        conduct_type,
        facts,
        basis,
        categories,
        other_category,
        content,
        licence_revoked,
        fine_10k_yuan,
        confiscated_10k_yuan,
        decided_on,
        effective_until,
        authority_name,
        authority_code,
        severity,
        disclosed_from,
        last_disclosure_on,
        is_under_objection,
        provider_code,
        batch_id,
        row_number,
        file_sha256
    from published_penalties
    where {{ still_disclosed('last_disclosure_on') }}
)

select * from final
