{#
    Every headline metric as its model documents it: entries of `meta.metrics` in the
    yml of the models that compute them, one row each.
#}
{% macro metric_definitions() -%}
    {%- set names = [
        'metric', 'question', 'definition', 'grain', 'unit', 'owner', 'caveat', 'model',
        'fed_by',
    ] -%}
    {%- set found = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() | sort(attribute='name') -%}
            {%- for entry in node.config.get('meta', {}).get('metrics', []) -%}
                {%- do found.append({
                    'metric': entry.name,
                    'question': entry.question,
                    'definition': entry.definition,
                    'grain': entry.grain,
                    'unit': entry.unit,
                    'owner': entry.get('owner', node.config.meta.owner),
                    'caveat': entry.caveat,
                    'model': node.name,
                    'fed_by': entry.fed_by | join(', '),
                    'matures_after_days': entry.matures_after_days,
                    'is_moved_by_the_past': entry.get('is_moved_by_the_past', false),
                }) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if not found %}
    select
        {% for name in names -%}
        cast(null as varchar) as {{ name }},
        {% endfor -%}
        cast(null as boolean) as is_moved_by_the_past,
        cast(null as bigint) as matures_after_days
    where false
    {%- endif -%}
    {%- for row in found %}
    select
        {% for name in names -%}
        '{{ row[name] | string | trim | replace("'", "''") }}' as {{ name }},
        {% endfor -%}
        {{ row.is_moved_by_the_past | lower }} as is_moved_by_the_past,
        cast({{ row.matures_after_days }} as bigint) as matures_after_days
    {{ 'union all' if not loop.last }}
    {% endfor -%}
{%- endmacro %}
