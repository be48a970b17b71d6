{#
    Each value that columns of a relation hold, one row per row and column (per, field,
    said_value), in one scan. Only columns of text.

    per  column that stands beside each value
#}
{% macro said_values(relation, columns, per='event_name') -%}
    {{ return(adapter.dispatch('said_values', 'postorder')(relation, columns, per)) }}
{%- endmacro %}

{% macro default__said_values(relation, columns, per) -%}
    select
        {{ per }},
        field,
        said_value

    from (
        unpivot (
            select
                {{ per }},
                {{ columns | join(', ') }}
            from {{ relation }}
        )
        on {{ columns | join(', ') }}
        into name field value said_value
    ) as told
{%- endmacro %}
