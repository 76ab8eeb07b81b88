{{ config(materialized='table') }}

-- Whether an approved repair takes effect (S44–S47, S53–S58): every reason against it is listed, and with one reason
-- it has no effect at all.

with

repair_decisions as (
    select * from {{ ref('stg_intake__repair_decisions') }}
),

current_versions as (
    {{ latest_events('repair_decisions') }}
),

targets as (
    select * from {{ ref('int_event_targets') }}
),

repair_trainings as (
    select * from {{ ref('stg_intake__repair_trainings') }}
),

trainings as (
    {{ latest_events('repair_trainings') }}
),

credit_reports as (
    select * from {{ ref('stg_intake__credit_reports') }}
),

reports as (
    {{ latest_events('credit_reports') }}
),

rectifications as (
    select * from {{ ref('stg_intake__rectifications') }}
),

current_rectifications as (
    {{ latest_events('rectifications') }}
),

ended as (
    select record_id, min(revoked_on) as ended_on from {{ ref('int_revocations') }}
    where status = 'revoked'
    group by record_id
    union all
    select record_id, min(closed_on) as ended_on from {{ ref('int_objections') }}
    where status = 'upheld_removed'
    group by record_id
),

ended_records as (
    select record_id, min(ended_on) as ended_on from ended
    group by record_id
),

terms as (
    select * from {{ ref('disclosure_terms') }}
    where is_enabled and {{ is_effective() }}
),

with_facts as (
    select
        current_versions.*,
        targets.item,
        targets.scope,
        targets.severity,
        targets.list_level,
        targets.last_disclosure_on,
        targets.is_held,
        targets.decided_on,
        targets.tombstone_reason,
        coalesce(targets.subject_key, current_versions.subject_key) as record_subject_key,
        coalesce(targets.severity in ('严重', '特定严重') or targets.list_level = 'serious', false) as is_serious,
        {{ event_state('current_versions', 'targets', 'repaired_on') }} as state,
        array[{{ usual_refusals('current_versions', 'targets', 'repaired_on') }}] as usual_reasons
    from current_versions
    left join targets on current_versions.record_id = targets.record_id
),

-- The terms of its scope and severity: of several the strictest.
with_terms as (
    select
        with_facts.*,
        conditions.is_repairable,
        conditions.min_months
    from with_facts
    left join
        lateral (
            select
                bool_and(coalesce(terms.is_repairable, true)) as is_repairable,
                max(terms.min_months) as min_months
            from terms
            where
                terms.scope in ('any', with_facts.scope)
                and (terms.severity is null or terms.severity = with_facts.severity)
        ) as conditions on true
),

with_evidence as (
    select
        with_terms.*,
        (
            select coalesce(sum(trainings.class_hours), 0) from trainings
            where
                trainings.subject_key = with_terms.record_subject_key
                and trainings.trained_on between with_terms.decided_on and with_terms.repaired_on
        ) as class_hours,
        exists (
            select 1 from reports
            where
                reports.subject_key = with_terms.record_subject_key
                and reports.issued_on between with_terms.decided_on and with_terms.repaired_on
        ) as has_credit_report,
        coalesce((
            select bool_and(
                rectified.is_confirmed and coalesce(rectified.confirmed_on <= with_terms.repaired_on, false)
            )
            from current_rectifications as rectified
            where rectified.record_id = with_terms.record_id
        ), false) as is_rectified,
        ended_records.ended_on
    from with_terms
    left join ended_records on with_terms.record_id = ended_records.record_id
),

judged as (
    select
        *,
        array_remove(
            usual_reasons || case
                when is_granted and is_held then array[
                    case when ended_on <= repaired_on then 'after_revocation' end,
                    case when is_repairable is false then 'not_repairable' end,
                    case
                        when scope = 'penalty' and severity is null and min_months is null then 'severity_unlabelled'
                    end,
                    case
                        when (decided_on + make_interval(months => min_months))::date > repaired_on
                            then 'minimum_term'
                    end,
                    case when not is_rectified then 'rectification_missing' end,
                    case when is_serious and class_hours < 3 then 'training_missing' end,
                    case when is_serious and not has_credit_report then 'credit_report_missing' end
                ]
                when is_granted and tombstone_reason = 'revoked' then array['after_revocation']
                else '{}'
            end,
            null
        ) as reasons
    from with_evidence
),

final as (
    select
        *,
        {{ event_status("case when is_granted then 'effective' else 'not_granted' end") }} as status
    from judged
)

select * from final
