{{
    config(
        indexes=[
            {'columns': ['record_id'], 'unique': true},
            {'columns': ['last_disclosure_on']},
        ],
        post_hook="{{ note_terms() }}",
    )
}}

{#- The candidates of a record, each in columns of `dated`; on equal days the one named first wins. -#}
{%- set candidates = [
    {'slot': 'override', 'rule': 'override_code', 'clause': 'override_basis', 'anchor': 'override_anchor',
     'anchor_on': 'override_anchor_on', 'last_on': 'override_on'},
    {'slot': 'cap', 'rule': 'cap_code', 'clause': 'cap_clause', 'anchor': 'conduct_anchor',
     'anchor_on': 'conduct_anchor_on', 'last_on': 'cap_on'},
    {'slot': 'own', 'rule': 'own_code', 'clause': 'own_clause', 'anchor': 'own_anchor',
     'anchor_on': 'decision_on', 'last_on': 'own_on'},
    {'slot': 'listing', 'rule': "'listing_end'", 'clause': "'S26'", 'anchor': "'listing_ends_on'",
     'anchor_on': 'listing_ends_on', 'last_on': 'listing_ends_on'},
    {'slot': 'publicity', 'rule': "'publicity_end'", 'clause': "'S26'", 'anchor': "'publicity_until'",
     'anchor_on': 'publicity_until', 'last_on': 'publicity_until'},
] -%}
{%- set winning_columns = [
    ('rule', 'winner'), ('clause', 'winner_clause'), ('anchor', 'anchor'), ('anchor_on', 'anchor_on'),
] -%}

-- The only place with date arithmetic about disclosure. A date plus years lands on the corresponding day, which is
-- the last day of disclosure; 29 February lands on 28 February (settled reading 1, 民法典 201–202).

with

-- A record that was deleted and came again has no terms: it waits for the next expiry (S29).
returned as (
    select record_id from {{ ref('int_records_returned') }}
),

penalty_records as (
    select * from {{ ref('int_records_current') }}
    where
        item = 'administrative_penalty'
        and {{ is_touched() }}
        and record_id not in (select returned.record_id from returned)
),

listing_records as (
    select * from {{ ref('int_records_current') }}
    where
        item in ({{ listing_items() }})
        and {{ is_touched() }}
        and record_id not in (select returned.record_id from returned)
),

penalties as (
    select * from {{ ref('stg_intake__administrative_penalties') }}
),

listings as (
    select * from {{ ref('stg_intake__listings') }}
),

-- Which information items carry negative records, and which terms count for each.
items (item, scope) as (
    values
    ('administrative_penalty', 'penalty'),
    ('serious_dishonesty_listing', 'listing'),
    ('watch_list_listing', 'listing'),
    ('judgment_debtor', 'listing')
),

regimes_on as (
    {{ regimes_on(ref('regime_switches')) }}
),

terms as (
    select
        items.item,
        disclosure_terms.*,
        {{ term_length() }} as term_length
    from {{ ref('disclosure_terms') }} as disclosure_terms
    inner join regimes_on on disclosure_terms.regime = regimes_on.regime
    inner join items
        on
            regimes_on.item = items.item
            and disclosure_terms.scope in ('any', items.scope)
    where {{ is_effective() }}
),

overrides as (
    select
        *,
        {{ term_length() }} as term_length,
        norm_rank in ('law', 'administrative_regulation') as is_decisive
    from {{ ref('term_overrides') }}
    where is_enabled and {{ is_effective() }}
),

-- Which terms a record can have is settled by its item and severity alone; of several that count from the same day
-- the shortest ends first, whatever the day.
severities as (
    select distinct severity from terms
    where severity is not null
    union all
    select ''
),

applicable as (
    select distinct on (terms.item, severities.severity, slot)
        terms.item,
        severities.severity,
        case terms.anchor when 'conduct_ended_on' then 'cap' else 'own' end as slot,
        terms.anchor,
        terms.term_code,
        terms.clause,
        terms.term_length
    from severities
    inner join terms on coalesce(terms.severity, severities.severity) = severities.severity
    order by terms.item, severities.severity, slot, terms.term_length, terms.term_code
),

-- When a repair may be asked for: the strictest of the terms that apply decides (S45–S47).
repair_rules as (
    select
        terms.item,
        severities.severity,
        bool_and(terms.is_repairable) as is_repairable,
        make_interval(months => max(coalesce(terms.min_months, 0))) as min_length
    from severities
    inner join terms on coalesce(terms.severity, severities.severity) = severities.severity
    where terms.is_repairable is not null
    group by terms.item, severities.severity
),

profiles as (
    select
        item,
        severity,
        max(case when slot = 'cap' then term_code end) as cap_code,
        max(case when slot = 'cap' then clause end) as cap_clause,
        max(case when slot = 'cap' then term_length end) as cap_length,
        max(case when slot = 'own' then term_code end) as own_code,
        max(case when slot = 'own' then clause end) as own_clause,
        max(case when slot = 'own' then anchor end) as own_anchor,
        max(case when slot = 'own' then term_length end) as own_length
    from applicable
    group by item, severity
),

-- One override for a record, and one for a type of conduct: of several, the one of the highest norm.
overrides_of_records as (
    select distinct on (record_id) * from overrides
    where record_id is not null
    order by record_id asc, is_decisive desc, override_code asc
),

overrides_of_conducts as (
    select distinct on (item, conduct_type) * from overrides
    where record_id is null
    order by item asc, conduct_type asc, is_decisive desc, override_code asc
),

record_facts as (
    select
        penalty_records.*,
        penalties.subject_kind,
        coalesce(penalties.severity, '') as severity,
        penalties.conduct_type,
        penalties.is_conduct_ongoing,
        penalties.conduct_ended_on,
        penalties.decided_on as decision_on,
        null::date as listing_ends_on,
        penalties.publicity_until
    from penalty_records
    inner join penalties on {{ same_version('penalty_records', 'penalties') }}
    union all
    select
        listing_records.*,
        listings.subject_kind,
        '' as severity,
        null as conduct_type,
        listings.is_conduct_ongoing,
        listings.conduct_ended_on,
        listings.listed_on as decision_on,
        listings.listing_ends_on,
        null as publicity_until
    from listing_records
    inner join listings on {{ same_version('listing_records', 'listings') }}
),

-- Five years run from the end of the conduct. Where it is not known they run from the decision, and the anchor says
-- so; where the conduct goes on they have not begun (settled reading 2).
anchored as (
    select
        *,
        case when not is_conduct_ongoing then coalesce(conduct_ended_on, decision_on) end as conduct_anchor_on,
        case when conduct_ended_on is null then 'decision_date_fallback' else 'conduct_ended_on' end as conduct_anchor
    from record_facts
),

ruled as (
    select
        anchored.*,
        profiles.cap_code,
        profiles.cap_clause,
        profiles.cap_length,
        profiles.own_code,
        profiles.own_clause,
        profiles.own_anchor,
        profiles.own_length,
        repair_rules.is_repairable,
        repair_rules.min_length,
        'override:' || coalesce(by_record.override_code, by_conduct.override_code) as override_code,
        coalesce(by_record.basis, by_conduct.basis) as override_basis,
        coalesce(by_record.is_decisive, by_conduct.is_decisive, false) as is_decisive,
        coalesce(by_record.fixed_last_on, by_conduct.fixed_last_on) as override_fixed_on,
        coalesce(by_record.anchor, by_conduct.anchor) as override_names,
        coalesce(by_record.term_length, by_conduct.term_length) as override_length
    from anchored
    left join severities on anchored.severity = severities.severity
    left join profiles
        on
            anchored.item = profiles.item
            and coalesce(severities.severity, '') = profiles.severity
    left join repair_rules
        on
            anchored.item = repair_rules.item
            and coalesce(severities.severity, '') = repair_rules.severity
    left join overrides_of_records as by_record on anchored.record_id = by_record.record_id
    left join overrides_of_conducts as by_conduct
        on
            anchored.item = by_conduct.item
            and anchored.conduct_type = by_conduct.conduct_type
),

overridden as (
    select
        *,
        case override_names when 'conduct_ended_on' then conduct_anchor else override_names end as override_anchor,
        case
            when override_names = 'conduct_ended_on' then conduct_anchor_on
            when override_names is not null then decision_on
        end as override_anchor_on
    from ruled
),

dated as (
    select
        *,
        (conduct_anchor_on + cap_length)::date as cap_on,
        (decision_on + own_length)::date as own_on,
        coalesce(override_fixed_on, (override_anchor_on + override_length)::date) as override_on
    from overridden
    {{ computed_once() }}
),

-- A law or an administrative regulation decides by itself; any other norm is one more maximum (S28).
decided as (
    select
        *,
        case
            when is_decisive and override_on is not null then override_on
            else least({{ candidates | map(attribute='last_on') | join(', ') }})
        end as last_disclosure_on
    from dated
),

won as (
    select
        *,
        case
            {%- for candidate in candidates %}
            when {{ candidate.last_on }} = last_disclosure_on then '{{ candidate.slot }}'
            {%- endfor %}
        end as winning_slot
    from decided
    {{ computed_once() }}
),

final as (
    select
        record_id,
        item,
        provider_code,
        batch_id,
        file_sha256,
        row_number,
        first_received_on,
        subject_kind,
        {%- for column, name in winning_columns %}
        case winning_slot
            {%- for candidate in candidates %}
            when '{{ candidate.slot }}' then {{ candidate[column] }}
            {%- endfor %}
        end as {{ name }},
        {%- endfor %}
        last_disclosure_on,
        to_jsonb(
            array_remove(
                array[
                    {%- for candidate in candidates %}
                    case
                        when {{ candidate.last_on }} is not null and winning_slot <> '{{ candidate.slot }}'
                            then jsonb_build_object(
                                'rule', {{ candidate.rule }},
                                'anchor', {{ candidate.anchor }},
                                'anchor_on', {{ candidate.anchor_on }},
                                'last_on', {{ candidate.last_on }},
                                'clause', {{ candidate.clause }}
                            )
                    end{{ "," if not loop.last }}
                    {%- endfor %}
                ],
                null
            )
        ) as losers,
        conduct_ended_on is null and not is_conduct_ongoing as is_anchor_fallback,
        is_repairable,
        case when is_repairable then (decision_on + min_length)::date end as repairable_from
    from won
)

select * from final
