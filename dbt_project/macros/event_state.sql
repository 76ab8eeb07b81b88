{#- Where an event stands with the record that it names: `known` (held), `waiting` within the days that the record has to
    come, `unmatched` after them, `record_deleted` once its term has ended. -#}
{% macro event_state(events, targets, day) -%}
    case
        when {{ targets }}.is_held then 'known'
        when {{ targets }}.is_deleted then 'record_deleted'
        when {{ events }}.target_due_on >= {{ as_of_date() }} then 'waiting'
        else 'unmatched'
    end
{%- endmacro %}

{#- Reasons that any event can have against it, as elements of an array; null where there is none. -#}
{% macro usual_refusals(events, targets, day) -%}
    case
        when {{ is_another_subject(targets ~ '.subject_key', events ~ '.subject_key') }} then 'subject_differs'
    end,
    case when {{ events }}.{{ day }} < {{ targets }}.decided_on then 'precedes_record' end
{%- endmacro %}

{#- The status of a judged event: what it does (an expression), unless it waits, is about nothing, or is refused. -#}
{% macro event_status(effect) -%}
    case
        when state <> 'known' then state
        when cardinality(reasons) > 0 then 'refused'
        else {{ effect }}
    end
{%- endmacro %}
