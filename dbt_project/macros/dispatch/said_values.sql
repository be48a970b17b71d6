{#
    Each value that columns of a relation hold, one row per event and column (event_name,
    field, said_value), in one scan. Only columns of text.
#}
{% macro said_values(relation, columns) -%}
    {{ return(adapter.dispatch('said_values', 'postorder')(relation, columns)) }}
{%- endmacro %}

{% macro default__said_values(relation, columns) -%}
    select
        event_name,
        field,
        said_value

    from (
        unpivot (
            select
                event_name,
                {{ columns | join(', ') }}
            from {{ relation }}
        )
        on {{ columns | join(', ') }}
        into name field value said_value
    ) as told
{%- endmacro %}
