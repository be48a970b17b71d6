{# Replace rows by the model's unique key, without looking at anything else. #}
{% macro get_incremental_rewritten_rows_sql(arguments) -%}
    {{ note_rewritten(arguments) }}

    delete from {{ arguments.target_relation }}
    where {{ arguments.unique_key }} in (
        select {{ arguments.unique_key }} from {{ arguments.temp_relation }}
    );

    {{ insert_rewritten(arguments) }}
{%- endmacro %}

{# Record how many rows this increment writes, for the build's report. #}
{% macro note_rewritten(arguments) -%}
    insert into {{ source('control', 'rows_rewritten') }}
    select '{{ arguments.target_relation.identifier }}', count(*), current_timestamp
    from {{ arguments.temp_relation }};
{%- endmacro %}
