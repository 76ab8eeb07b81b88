{#- The regimes that are on for each item on the as-of date: `item, regime`. What is said of an item goes before what is
    said of all. A rehearsal tries a switch (`regime_trial`). Wants the CTE `items` (item). -#}
{% macro regimes_on(switches) -%}
    {%- set trials = var('regime_trial', []) -%}
    select
        items.item,
        switches.regime
    from items
    inner join (
        select regime, item, is_on
        from {{ switches }}
        where
            {{ is_effective() }}
            {%- for trial in trials %}
            and not (
                regime = '{{ trial.regime }}' {%- if trial.item != '*' %} and item = '{{ trial.item }}' {%- endif %}
            )
            {%- endfor %}
        {%- for trial in trials %}
        union all
        select '{{ trial.regime }}', '{{ trial.item }}', {{ 'true' if trial.is_on else 'false' }}
        {%- endfor %}
    ) as switches on switches.item in ('*', items.item)
    group by items.item, switches.regime
    having
        coalesce(
            bool_or(switches.is_on) filter (where switches.item <> '*'),
            bool_or(switches.is_on) filter (where switches.item = '*')
        )
{%- endmacro %}
