{%- set decided = {
    'administrative_penalty': 'decided_on', 'serious_dishonesty_listing': 'listed_on as decided_on',
    'watch_list_listing': 'listed_on as decided_on', 'judgment_debtor': 'listed_on as decided_on',
    'incentive_listing': 'recognised_on as decided_on', 'administrative_licence': 'decided_on',
} -%}

-- What alterations say of a record on the as-of date (S67, S69): the last one speaks for each field. The record's own
-- staging model shows its fields so, and everything downstream follows. Which alterations count is the same question
-- as in int_revocations: from the record's own unit or a market collector, about its subject, not before its decision.

with

revocations as (
    select * from {{ ref('stg_intake__revocations') }}
    where record_id is not null
),

versions as (
    {{ latest_events('revocations') }}
),

alterations as (
    select * from versions
    where not is_revocation and revoked_on <= {{ as_of_date() }}
),

providers as (
    select * from {{ ref('stg_reference__providers') }}
),

records as (
    {%- for item, decided_on in decided.items() %}
    {{ "union" if not loop.first }}
    select
        sent.record_id,
        sent.provider_code,
        sent.subject_key,
        sent.{{ decided_on }}
    from {{ source('intake', item) }} as sent
    inner join alterations on sent.record_id = alterations.record_id
    {%- endfor %}
),

counted as (
    select distinct alterations.*
    from alterations
    inner join records on alterations.record_id = records.record_id
    left join providers on alterations.provider_code = providers.provider_code
    where
        (alterations.provider_code = records.provider_code or providers.is_market_collector)
        and not coalesce(alterations.revoked_on < records.decided_on, false)
        and not {{ is_another_subject('records.subject_key', 'alterations.subject_key') }}
),

final as (
    select
        record_id,
        {%- for field in ['content', 'fine_10k_yuan', 'severity', 'until'] %}
        {%- set column = 'altered_' ~ field %}
        (array_agg({{ column }} order by revoked_on desc, settle_order desc) filter (where {{ column }} is not null))[1]
            as {{ column }},
        {%- endfor %}
        max(revoked_on) as altered_on
    from counted
    group by record_id
)

select * from final
