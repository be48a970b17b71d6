{# Rows whose opening is not the closing of the row before them, or 0 for the first. #}
{% test is_chained(model, by, along, opening, closing) %}

with

rows_in_order as (

    select
        {{ by }},
        {{ along }},
        {{ opening }} as opening,
        lag({{ closing }}, 1, 0) over (partition by {{ by }} order by {{ along }})
            as closing_before
    from {{ model }}

)

select * from rows_in_order
where opening <> closing_before

{% endtest %}
