with

batches as (
    select * from {{ ref('stg_intake__batches') }}
),

findings as (
    select * from {{ ref('stg_intake__findings') }}
),

rejected_rows as (
    select * from {{ ref('stg_intake__rejected_rows') }}
),

rules as (
    select * from {{ ref('stg_reference__rules') }}
),

periods as (
    select
        *,
        to_char(settled_at at time zone 'Asia/Shanghai', 'YYYY-MM') as period
    from batches
),

counted as (
    select
        provider_code,
        period,
        count(*) as batches,
        sum(rows_total) as rows_total,
        sum(rows_accepted) as rows_accepted,
        sum(rows_late) as rows_late
    from periods
    group by provider_code, period
),

-- Rules that say that something is missing; a rule keeps its meaning over the versions of its contract.
presence_rules as (
    select distinct rule_id from rules
    where expectation in ('expect_column_values_to_be_present', 'expect_one_of_columns_to_be_present')
),

incomplete as (
    select
        periods.provider_code,
        periods.period,
        count(distinct findings.batch_id || '-' || findings.row_number) as rows_incomplete
    from findings
    inner join presence_rules on findings.rule_id = presence_rules.rule_id
    inner join periods on findings.batch_id = periods.batch_id
    where findings.row_number > 0
    group by periods.provider_code, periods.period
),

-- A case is a row from its first rejection until it was accepted, however often it came back wrong.
cases as (
    select
        case_id,
        min(batch_id) filter (where case_id = batch_id || '-' || row_number) as first_batch_id,
        max(accepted_at) as accepted_at
    from rejected_rows
    group by case_id
),

fixed as (
    select
        periods.provider_code,
        periods.period,
        percentile_cont(0.5) within group (
            order by extract(epoch from cases.accepted_at - periods.settled_at) / 86400
        ) as median_days_to_fix
    from cases
    inner join periods on cases.first_batch_id = periods.batch_id
    where cases.accepted_at is not null
    group by periods.provider_code, periods.period
),

waiting as (
    select
        periods.provider_code,
        periods.period,
        count(*) as open_rejections
    from rejected_rows
    inner join periods on rejected_rows.batch_id = periods.batch_id
    where rejected_rows.status = 'open'
    group by periods.provider_code, periods.period
),

final as (
    select
        counted.provider_code,
        counted.period,
        round(1 - least(counted.rows_late, counted.rows_accepted)::numeric / nullif(counted.rows_accepted, 0), 4)
            as on_time_rate,
        round(counted.rows_accepted::numeric / nullif(counted.rows_total, 0), 4) as acceptance_rate,
        round(1 - coalesce(incomplete.rows_incomplete, 0)::numeric / nullif(counted.rows_total, 0), 4)
            as completeness_rate,
        coalesce(waiting.open_rejections, 0)::integer as open_rejections,
        round(fixed.median_days_to_fix::numeric, 1) as median_days_to_fix,
        counted.batches::integer as batches,
        counted.rows_total::bigint as rows_total
    from counted
    left join incomplete on counted.provider_code = incomplete.provider_code and counted.period = incomplete.period
    left join waiting on counted.provider_code = waiting.provider_code and counted.period = waiting.period
    left join fixed on counted.provider_code = fixed.provider_code and counted.period = fixed.period
)

select * from final
