{#
    Increments by affected key. One story is one order and all that hangs on it; a
    fact rewrites whole stories, so no event can arrive too late to be counted.
#}

{#
    The filter that keeps a fact's input to the stories this build must rewrite.

    column     name of the story_id column filtered
    open_rows  condition on the model's own rows whose values move with the clock
               although nothing arrived: their stories are rewritten too
    moved      query of further stories that the clock alone has moved
#}
{% macro is_affected(column, open_rows=none, moved=none) -%}
    {%- set affected = ref('int_affected_stories') -%}
    {%- if is_incremental() -%}
        {{ column }} in (
            select affected.story_id from {{ affected }} as affected
            {% if open_rows is not none %}
            union all
            select open_rows.story_id from {{ this }} as open_rows
            where {{ open_rows }}
            {% endif %}
            {% if moved is not none %}
            union all
            {{ moved }}
            {% endif %}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#
    Replace the stories that were rewritten or have lost their last row. A model that
    names incremental_predicates rewrites, of stories in which nothing happened, those
    rows alone.
#}
{% macro get_incremental_affected_stories_sql(arguments) -%}
    {{ note_rewritten(arguments) }}

    delete from {{ arguments.target_relation }}
    where story_id in (select story_id from {{ ref('int_affected_stories') }})
        {% if arguments.incremental_predicates %}
        or {{ arguments.incremental_predicates | join(' or ') }};
        {% else %}
        or story_id in (select story_id from {{ arguments.temp_relation }});
        {% endif %}

    {{ insert_rewritten(arguments) }}
{%- endmacro %}

{#
    Stories in which something has failed to happen since the build before, which stood at
    the instant by which it should have: late is what is past that.
#}
{% macro newly_overdue() -%}
    select overdue.story_id
    from {{ ref('int_computed_events') }} as overdue
    cross join {{ ref('stg_clock') }} as clock
    where overdue.occurred_at >= clock.new_since
{%- endmacro %}
