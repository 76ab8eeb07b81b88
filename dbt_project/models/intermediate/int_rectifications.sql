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

{{ current_events('rectifications') }}

judged as (
    select
        current_versions.*,
        targets.item,
        targets.last_disclosure_on,
        {{ event_state('current_versions', 'targets', 'ordered_on') }} as state,
        array_remove(
            array[{{ usual_refusals('current_versions', 'targets', 'ordered_on') }}], null
        ) as reasons
    from current_versions
    left join targets on current_versions.record_id = targets.record_id
),

final as (
    select
        {{ event_columns() }},
        rectification_number,
        ordered_on,
        deadline_on,
        completed_on,
        is_confirmed,
        confirmed_on,
        confirming_unit,
        state,
        reasons,
        {{ event_status("
            case
                when is_confirmed and completed_on <= deadline_on then 'confirmed'
                when is_confirmed then 'confirmed_late'
                when completed_on is not null then 'to_confirm'
                else 'to_complete'
            end
        ") }} as status
    from judged
)

select * from final
