{#- The rules that the build applies to events, as SQL values (item, reason, rule_id, field): the contracts' build.* rules.
    A test holds the two together. -#}
{% macro event_rules() -%}
    {%- set prefixes = {
        'repair_decision': 'RD', 'objection': 'OB', 'revocation': 'RV', 'talk': 'TK', 'rectification': 'RC',
    } -%}
    {%- set usual = [
        ('unmatched', '096', 'decision_number'), ('subject_differs', '097', 'subject_name'),
        ('precedes_record', '098', 'decision_number'),
    ] -%}
    {%- set own = {
        'repair_decision': [
            ('not_repairable', '101', 'decision'), ('minimum_term', '102', 'decision'),
            ('rectification_missing', '103', 'decision'), ('training_missing', '104', 'decision'),
            ('credit_report_missing', '105', 'decision'), ('severity_unlabelled', '106', 'decision'),
            ('after_revocation', '107', 'decision'),
        ],
        'revocation': [('not_the_original_unit', '101', 'action')],
        'talk': [
            ('not_by_designating_unit', '101', 'talk_kind'), ('outside_the_term', '102', 'talk_kind'),
            ('of_another_kind', '103', 'talk_kind'), ('not_a_listing', '104', 'talk_kind'),
            ('not_the_first', '105', 'talk_kind'),
        ],
    } -%}
    {%- set lines = [] -%}
    {%- for item, prefix in prefixes.items() -%}
        {%- for reason, number, field in usual + own.get(item, []) -%}
            {%- do lines.append("('" ~ item ~ "', '" ~ reason ~ "', '" ~ prefix ~ "-" ~ number ~ "', '" ~ field ~ "')") -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ lines | join(', ') }}
{%- endmacro %}
