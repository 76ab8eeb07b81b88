{{
    config(
        materialized='table',
        indexes=[{'columns': ['record_id'], 'unique': true}],
        post_hook=["{{ touch_changed_rights() }}", "{{ note_rights() }}"],
    )
}}

-- What events have done to a record by the as-of date. Of several ends the weightiest counts: a decision that was
-- revoked never stood, so revocation goes before an objection that was upheld, and both before repair (docs/rights.md).

with

targets as (
    select * from {{ ref('int_event_targets') }}
),

revocations as (
    select
        record_id,
        min(revoked_on) filter (where status = 'revoked') as revoked_on,
        max(revoked_on) filter (where status = 'altered') as altered_on
    from {{ ref('int_revocations') }}
    group by record_id
),

objections as (
    select
        record_id,
        bool_or(status in ('open', 'upheld_awaits_correction')) as is_under_objection,
        min(closed_on) filter (where status = 'upheld_removed') as removed_on
    from {{ ref('int_objections') }}
    group by record_id
),

repairs as (
    select
        record_id,
        min(repaired_on) filter (where status = 'effective') as repaired_on
    from {{ ref('int_repairs') }}
    group by record_id
),

joined as (
    select
        targets.record_id,
        coalesce(objections.is_under_objection, false) as is_under_objection,
        repairs.repaired_on,
        revocations.revoked_on,
        revocations.altered_on,
        objections.removed_on
    from targets
    left join revocations on targets.record_id = revocations.record_id
    left join objections on targets.record_id = objections.record_id
    left join repairs on targets.record_id = repairs.record_id
),

final as (
    select
        record_id,
        is_under_objection,
        repaired_on is not null as is_repaired,
        repaired_on,
        revoked_on is not null as is_revoked,
        revoked_on,
        altered_on is not null as is_altered,
        altered_on,
        removed_on,
        -- Withdrawal at the source comes with the intake tables, not as an event.
        false as is_withdrawn,
        case
            when revoked_on is not null then 'revoked'
            when removed_on is not null then 'objection_upheld'
            when repaired_on is not null then 'repaired'
        end as ended_reason,
        coalesce(revoked_on, removed_on, repaired_on) as ended_on
    from joined
)

select * from final
