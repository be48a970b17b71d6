{#
    Replace the facts whose copies, links or happening changed. The stories they
    stood in before are noted first: a fact that moves between stories, or leaves,
    affects the one it left as well.
#}
{% macro get_incremental_changed_facts_sql(arguments) -%}
    {{ note_rewritten(arguments) }}

    insert into {{ source('control', 'left_stories') }}
    select distinct facts.story_id, clock.previous_landing_seq
    from {{ arguments.target_relation }} as facts
    cross join {{ source('control', 'clock') }} as clock
    where facts.fact_id in (select fact_id from {{ ref('int_changed_facts') }});

    delete from {{ arguments.target_relation }}
    where fact_id in (select fact_id from {{ ref('int_changed_facts') }});

    {{ insert_rewritten(arguments) }}
{%- endmacro %}

{# The same for a table that follows the facts and is nobody's source of stories. #}
{% macro get_incremental_changed_facts_only_sql(arguments) -%}
    {{ note_rewritten(arguments) }}

    delete from {{ arguments.target_relation }}
    where fact_id in (select fact_id from {{ ref('int_changed_facts') }});

    {{ insert_rewritten(arguments) }}
{%- endmacro %}
