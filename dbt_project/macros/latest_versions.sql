{#- Of each record of a staging model, the version that was settled last on the as-of date, with the day of the first.
    For items without a term of disclosure; those with one go through int_records_current. Of the records that the build
    computes, or of those of a CTE (`among`). -#}
{% macro latest_versions(model, among=none) -%}
    select distinct on (versions.record_id)
        versions.*,
        batches.file_sha256,
        min(versions.received_on) over (partition by versions.record_id) as first_received_on
    from {{ model }} as versions
    inner join {{ ref('stg_intake__batches') }} as batches
        on versions.batch_id = batches.batch_id and batches.as_of_on <= {{ as_of_date() }}
    where
        {% if among %}versions.record_id in (select {{ among }}.record_id from {{ among }})
        {%- else %}{{ is_touched('versions.record_id') }}
        {%- endif %}
    order by versions.record_id, batches.settle_order desc, versions.row_number desc
{%- endmacro %}

{#- What a provider marked as secret, as our field names (S04): a word that names no field counts as the whole record. -#}
{% macro secret_fields_of(words, item) -%}
    case
        when {{ words }} is null then '[]'::jsonb
        else (
            select coalesce(jsonb_agg(distinct coalesce(field_labels.field_name, '*')), '[]')
            from regexp_split_to_table({{ words }}, '[;；,，|]') as spoken (word)
            left join {{ ref('field_labels') }} as field_labels
                on
                    {{ normalised_label('spoken.word') }} = field_labels.label
                    and coalesce(field_labels.item, {{ item }}) = {{ item }}
            where trim(spoken.word) <> ''
        )
    end
{%- endmacro %}
