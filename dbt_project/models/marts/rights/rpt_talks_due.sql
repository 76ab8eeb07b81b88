with

talks_due as (
    select * from {{ ref('int_talks_due') }}
),

final as (
    select
        record_id,
        list_code,
        list_level,
        talk_kind,
        due_by_provider_code,
        subject_key,
        subject_name,
        subject_kind,
        decision_number,
        listed_on,
        disclosed_from,
        last_disclosure_on,
        status,
        talked_on
    from talks_due
    where {{ still_disclosed('last_disclosure_on') }}
)

select * from final
