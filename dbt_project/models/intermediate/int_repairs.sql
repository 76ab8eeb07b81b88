{{
    config(
        materialized='incremental',
        full_refresh=false,
        on_schema_change='append_new_columns',
        pre_hook="{{ forget_all() }}",
        indexes=[{'columns': ['record_id']}],
    )
}}

-- Whether an approved repair takes effect (S44–S47, S53–S58): every reason against it is listed, and with one reason
-- it has no effect at all.

with

{{ current_events('repair_decisions') }}

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
    select
        record_id,
        revoked_on as ended_on
    from {{ ref('int_revocations') }}
    where status = 'revoked'
    union all
    select
        record_id,
        closed_on as ended_on
    from {{ ref('int_objections') }}
    where status = 'upheld_removed'
),

ended_records as (
    select
        record_id,
        min(ended_on) as ended_on
    from ended
    group by record_id
),

items (item) as (
    select distinct item from targets
    where item is not null
),

regimes_on as (
    {{ regimes_on(ref('regime_switches')) }}
),

terms as (
    select
        regimes_on.item,
        disclosure_terms.*
    from {{ ref('disclosure_terms') }} as disclosure_terms
    inner join regimes_on on disclosure_terms.regime = regimes_on.regime
    where {{ is_effective() }}
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
        coalesce(targets.subject_key, current_versions.subject_key) as record_subject_key,
        coalesce(targets.severity in ('严重', '特定严重') or targets.list_level = 'serious', false) as is_serious,
        {{ event_state('current_versions', 'targets', 'repaired_on') }} as state,
        array[{{ usual_refusals('current_versions', 'targets', 'repaired_on') }}] as usual_reasons
    from current_versions
    left join targets on current_versions.record_id = targets.record_id
),

-- The terms of its scope and severity: of several the strictest.
conditions as (
    select
        with_facts.event_id,
        bool_and(coalesce(terms.is_repairable, true)) as is_repairable,
        max(terms.min_months) as min_months
    from with_facts
    inner join terms
        on
            with_facts.item = terms.item
            and terms.scope in ('any', with_facts.scope)
            and (terms.severity is null or with_facts.severity = terms.severity)
    group by with_facts.event_id
),

-- Hours of several trainings add up (S58).
hours_trained as (
    select
        with_facts.event_id,
        sum(trainings.class_hours) as class_hours
    from with_facts
    inner join trainings
        on
            with_facts.record_subject_key = trainings.subject_key
            and trainings.trained_on between with_facts.decided_on and with_facts.repaired_on
    group by with_facts.event_id
),

reports_handed_in as (
    select distinct with_facts.event_id
    from with_facts
    inner join reports
        on
            with_facts.record_subject_key = reports.subject_key
            and reports.issued_on between with_facts.decided_on and with_facts.repaired_on
),

-- Every rectification that was ordered has to be confirmed, and one at least.
rectified as (
    select
        with_facts.event_id,
        bool_and(
            current_rectifications.is_confirmed
            and coalesce(current_rectifications.confirmed_on <= with_facts.repaired_on, false)
        ) as is_rectified
    from with_facts
    inner join current_rectifications on with_facts.record_id = current_rectifications.record_id
    where not {{ is_another_subject('with_facts.record_subject_key', 'current_rectifications.subject_key') }}
    group by with_facts.event_id
),

with_evidence as (
    select
        with_facts.*,
        conditions.is_repairable,
        conditions.min_months,
        coalesce(hours_trained.class_hours, 0)::numeric(18, 6) as class_hours,
        reports_handed_in.event_id is not null as has_credit_report,
        coalesce(rectified.is_rectified, false) as is_rectified,
        ended_records.ended_on
    from with_facts
    left join conditions on with_facts.event_id = conditions.event_id
    left join hours_trained on with_facts.event_id = hours_trained.event_id
    left join reports_handed_in on with_facts.event_id = reports_handed_in.event_id
    left join rectified on with_facts.event_id = rectified.event_id
    left join ended_records on with_facts.record_id = ended_records.record_id
),

-- A decision not to repair has nothing to be held against; one about a deleted record keeps what it did.
asked as (
    select
        *,
        is_granted and coalesce(is_held, false) as is_asked,
        (decided_on + make_interval(months => min_months))::date as repairable_from
    from with_evidence
),

judged as (
    select
        *,
        array_remove(
            usual_reasons
            || array[
                case when is_asked and ended_on <= repaired_on then 'after_revocation' end,
                case when is_asked and is_repairable is false then 'not_repairable' end,
                case
                    when is_asked and scope = 'penalty' and severity is null and min_months is null
                        then 'severity_unlabelled'
                end,
                case when is_asked and repairable_from > repaired_on then 'minimum_term' end,
                case when is_asked and not is_rectified then 'rectification_missing' end,
                case when is_asked and is_serious and class_hours < 3 then 'training_missing' end,
                case when is_asked and is_serious and not has_credit_report then 'credit_report_missing' end
            ],
            null
        ) as reasons
    from asked
),

final as (
    select
        {{ event_columns() }},
        repair_number,
        is_granted,
        applied_on,
        repaired_on,
        authority_name,
        severity,
        list_level,
        is_serious,
        class_hours,
        has_credit_report,
        is_rectified,
        min_months,
        state,
        reasons,
        {{ event_status("case when is_granted then 'effective' else 'not_granted' end") }} as status
    from judged
)

select * from final
