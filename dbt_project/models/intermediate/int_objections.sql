{{
    config(
        materialized='incremental',
        full_refresh=false,
        on_schema_change='append_new_columns',
        pre_hook="{{ forget_all() }}",
        indexes=[{'columns': ['record_id']}],
    )
}}

with

{{ current_events('objections') }}

judged as (
    select
        current_versions.*,
        targets.item,
        targets.last_disclosure_on,
        {{ event_state('current_versions', 'targets', 'raised_on') }} as state,
        array_remove(
            array[{{ usual_refusals('current_versions', 'targets', 'raised_on') }}], null
        ) as reasons,
        -- The unit corrects by sending the record again; until then the record stays suspended (S62).
        current_versions.outcome = '更正信息'
        and not coalesce(
            targets.last_received_on >= current_versions.raised_on
            and targets.last_received_on > targets.first_received_on,
            false
        ) as awaits_correction
    from current_versions
    left join targets on current_versions.record_id = targets.record_id
),

final as (
    select
        {{ event_columns() }},
        objection_number,
        ground,
        channel,
        is_assisted,
        raised_on,
        closed_on,
        outcome,
        notified_on,
        reconsideration_state,
        reconsideration_ref,
        awaits_correction,
        state,
        reasons,
        {{ event_status("
            case
                when closed_on is null then 'open'
                when outcome = '异议不成立' then 'rejected'
                when outcome = '删除信息' then 'upheld_removed'
                when awaits_correction then 'upheld_awaits_correction'
                else 'upheld_corrected'
            end
        ") }} as status
    from judged
)

select * from final
