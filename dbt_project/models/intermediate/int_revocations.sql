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

{{ current_events('revocations') }}

providers as (
    select * from {{ ref('stg_reference__providers') }}
),

judged as (
    select
        current_versions.*,
        targets.item,
        targets.last_disclosure_on,
        coalesce(providers.is_market_collector, false) as is_from_market_collector,
        {{ event_state('current_versions', 'targets', 'revoked_on') }} as state,
        array_remove(
            array[
                {{ usual_refusals('current_versions', 'targets', 'revoked_on') }},
                case
                    when
                        targets.provider_code <> current_versions.provider_code
                        and providers.is_market_collector is not true
                        then 'not_the_original_unit'
                end
            ],
            null
        ) as reasons
    from current_versions
    left join targets on current_versions.record_id = targets.record_id
    left join providers on current_versions.provider_code = providers.provider_code
),

final as (
    select
        {{ event_columns() }},
        revocation_number,
        is_revocation,
        revoked_on,
        authority_name,
        days_late,
        altered_content,
        altered_fine_10k_yuan,
        altered_severity,
        altered_until,
        is_from_market_collector,
        state,
        reasons,
        {{ event_status("case when is_revocation then 'revoked' else 'altered' end") }} as status
    from judged
)

select * from final
