{#
    Copies that meet on `key` and contradict the first story told there, with the
    first field, by name, in which they do. Two passes: against the first copy, then
    against the union of those that agree with it, since a later copy may contradict
    what only a middle one said.

    What is said is compared as rows, one per copy and field: as columns it is a
    comparison for each of a hundred fields, and reading that took longer than making it.

    told  relation: content_hash, domain, the key, epoch, told_order, occurred_at and
          occurred_at_quality of each copy
    said  relation: content_hash, field and said_value of all it says besides
    key   what they meet on
#}
{% macro clashing_copies(told, said, key) -%}
    {%- set meeting = ['domain', key, 'epoch'] -%}
    with

    copies_told as (

        select
            {{ told }}.*,
            {{ told }}.told_order = min({{ told }}.told_order) over (
                partition by {{ meeting | join(', ') }}
            ) as is_first

        from {{ told }}

    ),

    -- what they meet on stands beside each value, for all joins to be on it
    told_said as (

        select
            {% for column in meeting + ['content_hash', 'told_order', 'is_first'] %}
            copies_told.{{ column }},
            {% endfor %}
            said.field,
            said.said_value

        from copies_told
        inner join {{ said }} as said
            on copies_told.content_hash = said.content_hash

    ),

    clashes_with_the_first as (

        select
            later.content_hash,
            later.field as clash_field

        from told_said as later
        inner join told_said as first_said
            on {{ meet('later', 'first_said', meeting + ['field']) }}
            and first_said.is_first
            and first_said.said_value <> later.said_value

        union all

        select
            later.content_hash,
            'occurred_at' as clash_field

        from copies_told as later
        inner join copies_told as told_first
            on {{ meet('later', 'told_first', meeting) }}
            and told_first.is_first
            and {{ is_other_time('told_first', 'later') }}

    ),

    agreeing as (

        select *
        from copies_told
        where content_hash not in (
            select clashes_with_the_first.content_hash from clashes_with_the_first
        )

    ),

    agreeing_said as (

        select *
        from told_said
        where content_hash not in (
            select clashes_with_the_first.content_hash from clashes_with_the_first
        )

    ),

    times_told_together as (

        select
            {{ meeting | join(', ') }},
            {{ min_by('occurred_at', 'told_order') }} as occurred_at,
            {{ min_by('occurred_at_quality', 'told_order') }}
                filter (where occurred_at_quality is not null) as occurred_at_quality

        from agreeing
        group by {{ meeting | join(', ') }}

    ),

    said_together as (

        select
            {{ (meeting + ['field']) | join(', ') }},
            {{ min_by('said_value', 'told_order') }} as said_value

        from agreeing_said
        group by {{ (meeting + ['field']) | join(', ') }}

    ),

    clashes_with_the_union as (

        select
            agreeing_said.content_hash,
            agreeing_said.field as clash_field

        from agreeing_said
        inner join said_together
            on {{ meet('agreeing_said', 'said_together', meeting + ['field']) }}
            and agreeing_said.said_value <> said_together.said_value

        union all

        select
            agreeing.content_hash,
            'occurred_at' as clash_field

        from agreeing
        inner join times_told_together
            on {{ meet('agreeing', 'times_told_together', meeting) }}
            and {{ is_other_time('times_told_together', 'agreeing') }}

    ),

    clashes as (

        select * from clashes_with_the_first
        union all
        select * from clashes_with_the_union

    )

    select
        content_hash,
        min(clash_field) as clash_field

    from clashes
    group by content_hash
{%- endmacro %}

{# What two rows meet on. #}
{% macro meet(one, other, columns) -%}
    {%- for column in columns -%}
    {{ one }}.{{ column }} = {{ other }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# A second's difference is a clock's; a coarser time contradicts nothing. #}
{% macro is_other_time(earlier, later) -%}
    abs({{ micros_between(earlier ~ '.occurred_at', later ~ '.occurred_at') }}) > 1000000
        and {{ earlier }}.occurred_at_quality = {{ later }}.occurred_at_quality
{%- endmacro %}

{# All that the copies of one domain say, in words, one row per copy and field. #}
{% macro said_by(domain, copies) -%}
    {%- set fields = said_columns(domain) | reject('equalto', 'occurred_at') | list -%}
    {%- set in_words -%}
        (
            select
                content_hash
                {% for field in fields %}
                , {{ canonical_lines(field) if field == 'lines'
                    else 'cast(' ~ field ~ ' as varchar)' }} as {{ field }}
                {% endfor %}
            from {{ copies }}
        ) as in_words
    {%- endset -%}
    {{ said_values(in_words, fields, per='content_hash') }}
{%- endmacro %}

{# What the copies of one domain meet on, and the times they tell. #}
{% macro told_by(domain, copies) -%}
    select
        content_hash,
        '{{ domain }}s' as domain,
        event_id,
        fact_key,
        epoch,
        observed_from,
        occurred_at,
        occurred_at_quality

    from {{ copies }}
{%- endmacro %}
