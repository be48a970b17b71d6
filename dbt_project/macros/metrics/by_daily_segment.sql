{#
    Rows repeated for each segment a daily figure is told apart by: all, channel,
    payment_mode, carrier.

    rows         relation with an order_id; NULL belongs to no segment but all
    segments     relation: int_order_segments
    columns      columns of rows to keep
    has_carrier  rows know their own carrier; else it is their order's
#}
{% macro by_daily_segment(rows, segments, columns, has_carrier=false) -%}
    {%- set carrier = 'coalesce(rows_of.carrier, segments_of.carrier, \'unknown\')'
        if has_carrier else 'coalesce(segments_of.carrier, \'unknown\')' -%}
    {%- set values = {
        'channel': "coalesce(segments_of.channel, 'unknown')",
        'payment_mode': "coalesce(segments_of.payment_mode, 'unknown')",
        'carrier': carrier,
    } -%}
    select
        'all' as segment_type,
        'all' as segment,
        {{ columns | join(', ') }}
    from {{ rows }}
    {% for segment_type, value in values.items() %}
    union all

    select
        '{{ segment_type }}' as segment_type,
        {{ value }} as segment,
        {% for column in columns %}
        rows_of.{{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ rows }} as rows_of
    left join {{ segments }} as segments_of
        on rows_of.order_id = segments_of.order_id
    where rows_of.order_id is not null
    {% endfor %}
{%- endmacro %}
