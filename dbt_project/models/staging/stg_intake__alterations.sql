{%- set records = [
    {'item': 'administrative_penalty', 'decided_on': 'decided_on'},
    {'item': 'serious_dishonesty_listing', 'decided_on': 'listed_on'},
] -%}

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
    {%- for record in records %}
    {{ "union all" if not loop.first }}
    select distinct
        record_id,
        provider_code,
        subject_key,
        {{ record.decided_on }} as decided_on
    from {{ source('intake', record.item) }}
    where record_id in (select alterations.record_id from alterations)
    {%- endfor %}
),

counted as (
    select alterations.*
    from alterations
    left join providers on alterations.provider_code = providers.provider_code
    where exists (
        select 1 from records
        where
            records.record_id = alterations.record_id
            and records.decided_on <= alterations.revoked_on
            and (records.provider_code = alterations.provider_code or providers.is_market_collector)
            and not {{ is_another_subject('records.subject_key', 'alterations.subject_key') }}
    )
),

final as (
    select
        record_id,
        {%- for field in ['content', 'fine_10k_yuan', 'severity', 'until'] %}
        (
            array_agg(altered_{{ field }} order by revoked_on desc, settle_order desc)
                filter (where altered_{{ field }} is not null)
        )[1] as altered_{{ field }},
        {%- endfor %}
        max(revoked_on) as altered_on
    from counted
    group by record_id
)

select * from final
