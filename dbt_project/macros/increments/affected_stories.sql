{#
    Increments by affected key. One story is one order and all that hangs on it; a
    fact rewrites whole stories, so no event can arrive too late to be counted.
#}

{#
    The filter that keeps a fact's input to the stories this build must rewrite.

    column     name of the story_id column filtered
    open_rows  condition on the model's own rows whose values move with the clock
               although nothing arrived: their stories are rewritten too
#}
{% macro is_affected(column, open_rows=none) -%}
    {%- set affected = ref('int_affected_stories') -%}
    {%- if is_incremental() -%}
        {{ column }} in (
            select affected.story_id from {{ affected }} as affected
            {% if open_rows is not none %}
            union all
            select open_rows.story_id from {{ this }} as open_rows
            where {{ open_rows }}
            {% endif %}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# Replace the stories that were rewritten or have lost their last row. #}
{% macro get_incremental_affected_stories_sql(arguments) -%}
    {{ note_rewritten(arguments) }}

    delete from {{ arguments.target_relation }}
    where story_id in (select story_id from {{ ref('int_affected_stories') }})
        or story_id in (select story_id from {{ arguments.temp_relation }});

    {{ insert_rewritten(arguments) }}
{%- endmacro %}
