{#- What may not stand in a published text (S43), in the order in which it is masked: longer shapes first.
    The mask and the audit of the candidates read the same list. `keeps` is what stays of a hit. -#}
{% macro personal_data_patterns(kinds=none) -%}
    {%- set date_of_birth = '(18|19|20)[0-9]{2}[ -]?(0[1-9]|1[0-2])[ -]?(0[1-9]|[12][0-9]|3[01])' -%}
    {%- set to_the_stop = '[^，,。；;）)*:：[:space:]][^，,。；;）)]*' -%}
    {#- 住 before 房, 宅, 建 and the like is no address; 住 before a place name is somebody's home. -#}
    {%- set no_building = '[^房宅宿建户院所改持民，,。；;）)*:：[:space:]]' -%}
    {%- set to_the_place = '[^，,。；;）)*]{0,40}[省市区县镇乡街路村巷号室]' -%}
    {%- set patterns = [
        {'kind': 'email', 'regex': '[A-Za-z0-9._%+-]+[@＠][A-Za-z0-9.-]+', 'keeps': ''},
        {'kind': 'identity', 'regex': '[1-9][0-9]{5}[ -]?' ~ date_of_birth ~ '[ -]?[0-9]{3}[0-9Xx]', 'keeps': ''},
        {'kind': 'bank_card', 'regex': '[0-9]{16,}|[0-9]{4}([ -][0-9]{4}){3,}([ -]?[0-9]{1,3}[Xx]?)?', 'keeps': ''},
        {'kind': 'identity', 'regex': '[1-9][0-9]{7}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}', 'keeps': ''},
        {'kind': 'passport', 'regex': '((护照|通行证|居留证|军官证)(号码|号|证号)?)[:：为是 ]*[A-Za-z]{0,2}[0-9]{7,}', 'keeps': '\\1'},
        {'kind': 'mobile', 'regex': '(?<![0-9])(86[ -]?)?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}(?![0-9])', 'keeps': ''},
        {'kind': 'landline', 'regex': '(?<![0-9])0[1-9][0-9]{1,2}[)） -]{0,2}[2-9][0-9]{6,7}(?![0-9])', 'keeps': ''},
        {'kind': 'landline', 'regex': '((电话|手机|联系方式)(号码)?)[:：为是 ]*[0-9]{3,4}-?[0-9]{4,}', 'keeps': '\\1'},
        {'kind': 'address', 'regex': '(家庭地址|住址|户籍所在地|户籍地址|户籍地|居住地址|居住地|居住于|居住在|暂住地|暂住址|家住|现住)[:：为是在于]*' ~ to_the_stop, 'keeps': '\\1'},
        {'kind': 'address', 'regex': '(?<![入])(住)[:：在于]*' ~ no_building ~ to_the_place ~ '[^，,。；;）)]*', 'keeps': '\\1'},
    ] -%}
    {%- set wanted = [] -%}
    {%- for pattern in patterns if kinds is none or pattern.kind in kinds -%}
        {%- do wanted.append(pattern) -%}
    {%- endfor -%}
    {{ return(wanted) }}
{%- endmacro %}

{#- A cheap condition without which no pattern above can hit: most texts stop here. -#}
{% macro may_hold_personal_data(text) -%}
    {{ text }} ~ '[0-9]{7}|[0-9][ -][0-9]{4}|[@＠住]|户籍|地址'
{%- endmacro %}

{#- The text with every hit replaced by ***. -#}
{% macro masked_text(text, kinds=none) -%}
    {%- set ns = namespace(expression=text) -%}
    {%- for pattern in personal_data_patterns(kinds) -%}
        {%- set ns.expression = "regexp_replace(" ~ ns.expression ~ ", '" ~ pattern.regex ~ "', '" ~ pattern.keeps ~ "***', 'g')" -%}
    {%- endfor -%}
    case when {{ may_hold_personal_data(text) }} then {{ ns.expression }} else {{ text }} end
{%- endmacro %}

{#- Whether the text still holds personal data: what the audit asks of a candidate for publication. -#}
{% macro holds_personal_data(text, kinds=none) -%}
    {%- set regexes = personal_data_patterns(kinds) | map(attribute='regex') | join(')|(') -%}
    ({{ may_hold_personal_data(text) }} and {{ text }} ~ '({{ regexes }})')
{%- endmacro %}
