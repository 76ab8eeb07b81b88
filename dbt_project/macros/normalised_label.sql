{#- A field's spelling without what doesn't matter: case, width, blanks, joiners, kind of bracket, edge marks. The
    same as creditgate.policy.headers.normalise_header; a test compares them. -#}
{% macro normalised_label(text) -%}
    btrim(
        translate(
            lower(regexp_replace(normalize({{ text }}, nfkc), '[[:space:]_‐‑‒–—―−-]+', '', 'g')),
            '[]{}【】〔〕〖〗〈〉「」',
            '()()()()()()()'
        ),
        ':;,.，。、；：*?!#''"`'
    )
{%- endmacro %}
