{#
    The rows this model holds from earlier builds, or none on a full refresh. Lets a
    model read its own past without branching in its text.
#}
{% macro earlier_rows(columns) -%}
    {%- if is_incremental() -%}
        select {{ columns | join(', ') }} from {{ this }}
    {%- else -%}
        select
            {% for column in columns %}
            cast(null as {{ hash_type() if column == 'content_hash' else 'varchar' }})
                as {{ column }}{{ ',' if not loop.last }}
            {% endfor %}
        where false
    {%- endif -%}
{%- endmacro %}
