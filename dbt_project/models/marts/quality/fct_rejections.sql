with

rejected_rows as (
    select * from {{ ref('stg_intake__rejected_rows') }}
),

findings as (
    select * from {{ ref('stg_intake__findings') }}
),

-- Events that were accepted and that the build refuses; a row of its own at the gate they have not.
events_refused as (
    select * from {{ ref('int_events_refused') }}
),

all_findings as (
    select
        batch_id,
        row_number,
        rule_id,
        field,
        null as event_key
    from findings
    union all
    select
        batch_id,
        row_number,
        rule_id,
        field,
        replace(event_id::text, '-', '') as event_key
    from events_refused
),

batches as (
    select * from {{ ref('stg_intake__batches') }}
),

rules as (
    select * from {{ ref('stg_reference__rules') }}
),

-- A rule that applies to every item has a version of its own; then the latest text of the rule serves.
latest_rules as (
    select distinct on (rule_id) * from rules
    order by rule_id asc, contract_version desc
),

ruled as (
    select
        all_findings.*,
        coalesce(rules.severity, latest_rules.severity) as severity,
        coalesce(rules.message, latest_rules.message) as message,
        batches.provider_code,
        batches.item,
        batches.settled_at,
        batches.returned_at
    from all_findings
    inner join batches on all_findings.batch_id = batches.batch_id
    left join rules
        on
            all_findings.rule_id = rules.rule_id
            and batches.contract_version = rules.contract_version
    left join latest_rules on all_findings.rule_id = latest_rules.rule_id
),

final as (
    select
        md5(concat_ws(':', ruled.batch_id, ruled.row_number, ruled.rule_id, ruled.field)) as rejection_id,
        ruled.batch_id,
        ruled.provider_code,
        ruled.item,
        ruled.row_number,
        coalesce(rejected_rows.record_key, ruled.event_key) as record_key,
        ruled.rule_id,
        ruled.field,
        ruled.severity,
        ruled.message,
        coalesce(rejected_rows.status, 'open') as status,
        coalesce(rejected_rows.case_id, ruled.batch_id || '-' || ruled.row_number) as case_id,
        ruled.settled_at as rejected_at,
        ruled.returned_at,
        rejected_rows.resubmitted_at,
        rejected_rows.accepted_at,
        rejected_rows.withdrawn_at
    from ruled
    left join rejected_rows
        on
            ruled.batch_id = rejected_rows.batch_id
            and ruled.row_number = rejected_rows.row_number
    where ruled.severity = 'reject' and (rejected_rows.batch_id is not null or ruled.event_key is not null)
)

select * from final
