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

{{ current_events('talks') }}

judged as (
    select
        current_versions.*,
        targets.item,
        targets.last_disclosure_on,
        {{ event_state('current_versions', 'targets', 'talked_on') }} as state,
        array_remove(
            array[
                {{ usual_refusals('current_versions', 'targets', 'talked_on') }},
                case when targets.is_held and targets.list_level is null then 'not_a_listing' end,
                -- 谁认定、谁约谈 (S40)
                case when targets.provider_code <> current_versions.provider_code then 'not_by_designating_unit' end,
                case
                    when
                        current_versions.talked_on < targets.first_received_on
                        or current_versions.talked_on > targets.last_disclosure_on
                        then 'outside_the_term'
                end,
                case
                    when
                        (targets.list_level = 'serious' and current_versions.talk_kind <> '警示性约谈')
                        or (targets.list_level = 'watch' and current_versions.talk_kind <> '提示性约谈')
                        then 'of_another_kind'
                end
            ],
            null
        ) as reasons
    from current_versions
    left join targets on current_versions.record_id = targets.record_id
),

-- One talk is held about a listing (S41): a second one is recorded, and does not count.
counted as (
    select
        *,
        cardinality(reasons) = 0
        and bool_or(outcome = '已约谈' and cardinality(reasons) = 0) over (
            partition by record_id
            order by talked_on, settle_order, row_number
            rows between unbounded preceding and 1 preceding
        ) as is_repeated
    from judged
),

with_all_reasons as (
    select
        *,
        case when is_repeated then array_append(reasons, 'not_the_first') else reasons end as all_reasons
    from counted
),

final as (
    select
        {{ event_columns() }},
        talk_number,
        talk_kind,
        talked_on,
        unit_name,
        attendee_role,
        outcome,
        state,
        all_reasons as reasons,
        case
            when state = 'known' and cardinality(all_reasons) > 0 then 'not_counted'
            when state = 'known' and outcome = '已约谈' then 'held'
            when state = 'known' and outcome = '拒绝约谈' then 'refused'
            when state = 'known' then 'uncooperative'
            else state
        end as status
    from with_all_reasons
)

select * from final
