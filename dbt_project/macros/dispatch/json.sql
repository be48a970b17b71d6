{# JSON text: reading one key, exploding order lines. #}

{# The text of one top-level key of a JSON object, NULL where absent. #}
{% macro json_text(json, key) -%}
    {{ return(adapter.dispatch('json_text', 'postorder')(json, key)) }}
{%- endmacro %}

{% macro default__json_text(json, key) -%}
    json_extract_string({{ json }}, '$."{{ key }}"')
{%- endmacro %}

{#
    Explode the `lines` of the rows of a relation: one row per element, with the
    columns named in `keep` and order_line_id, sku, quantity, unit_price_minor and
    line_position (from 1). Rows without lines give no row.
#}
{% macro unnest_lines(relation, keep) -%}
    {{ return(adapter.dispatch('unnest_lines', 'postorder')(relation, keep)) }}
{%- endmacro %}

{% macro default__unnest_lines(relation, keep) -%}
    select
        {% for column in keep %}
        exploded.{{ column }},
        {% endfor %}
        exploded.item.order_line_id as order_line_id,
        exploded.item.sku as sku,
        exploded.item.quantity as quantity,
        exploded.item.unit_price_minor as unit_price_minor,
        exploded.line_position

    from (
        select
            {{ keep | join(', ') }},
            unnest(items) as item,
            generate_subscripts(items, 1) as line_position

        from (
            select
                {{ keep | join(', ') }},
                from_json(
                    lines,
                    '[{"order_line_id": "VARCHAR", "sku": "VARCHAR",
                       "quantity": "BIGINT", "unit_price_minor": "BIGINT"}]'
                ) as items

            from {{ relation }}
            where lines is not null
        )
    ) as exploded
{%- endmacro %}

{# Order lines as comparable text: the contract's keys in one order, spacing gone. #}
{% macro canonical_lines(lines) -%}
    {{ return(adapter.dispatch('canonical_lines', 'postorder')(lines)) }}
{%- endmacro %}

{% macro default__canonical_lines(lines) -%}
    cast(
        from_json(
            {{ lines }},
            '[{"order_line_id": "VARCHAR", "sku": "VARCHAR",
               "quantity": "BIGINT", "unit_price_minor": "BIGINT"}]'
        ) as varchar
    )
{%- endmacro %}
