{#
    The rows this model holds from earlier builds, or none on a full refresh. Lets a
    model read its own past without branching in its text.

    columns  of the model
    like     relation whose columns of these names have the same types; without one all
             are text but the hash
#}
{% macro earlier_rows(columns, like=none) -%}
    {%- if is_incremental() -%}
        select {{ columns | join(', ') }} from {{ this }}
    {%- elif like is not none -%}
        select {{ columns | join(', ') }} from {{ like }} where false
    {%- else -%}
        select
            {% for column in columns %}
            cast(null as {{ hash_type() if column == 'content_hash' else 'varchar' }})
                as {{ column }}{{ ',' if not loop.last }}
            {% endfor %}
        where false
    {%- endif -%}
{%- endmacro %}
