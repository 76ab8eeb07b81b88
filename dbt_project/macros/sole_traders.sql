{#- A sole trader is disclosed under the trade name (settled reading 8). One that is only the operator's name is
    a natural person's name and is masked: 张**. The operator's name may also stand in `legal_representative`
    and `principal`; without them, a bare name is told by its length and by the lack of a shop's ending. -#}
{% macro masked_trade_name(trade_name, operator_name) -%}
    {%- set bare = "regexp_replace(" ~ trade_name ~ ", '[（(]?个体(工商)?户?(经营者)?[:：]?[）)]?|[[:space:]]', '', 'g')" -%}
    case
        when
            {{ bare }} = {{ operator_name }}
            or {{ bare }} ~ '^[一-龥]{2,3}$'
            or {{ bare }} ~ '^[一-龥]{3}[^店部行厅馆坊社铺场站厂院园楼吧屋庄档摊室所堂城点市家汇苑府]$'
            or {{ bare }} ~ '^[一-龥]+[·•][一-龥·•]+$'
            then left({{ bare }}, 1) || '**'
        else {{ trade_name }}
    end
{%- endmacro %}

{#- The text without the operator's name, which is a natural person's. -#}
{% macro without_operator(text) -%}
    coalesce(replace({{ text }}, operator_name, left(operator_name, 1) || '**'), {{ text }})
{%- endmacro %}

{#- The name under which a subject is disclosed. -#}
{% macro disclosed_name(name, kind, operator_name) -%}
    case
        when {{ kind }} = 'sole_trader' then {{ masked_trade_name(name, operator_name) }}
        else {{ masked_text(name, ['identity', 'mobile']) }}
    end
{%- endmacro %}
