{#
    Minor units to a decimal in major units of the currency. The number of digits
    comes from the contract's currency list: zero, two or three (ISO 4217).
#}
{% macro to_amount(minor, currency) -%}
    {{ return(adapter.dispatch('to_amount', 'postorder')(minor, currency)) }}
{%- endmacro %}

{% macro default__to_amount(minor, currency) -%}
    case
        when {{ currency }} in ({{ currencies_of_digits(0) }})
            then cast({{ minor }} as decimal(18, 4))
        when {{ currency }} in ({{ currencies_of_digits(3) }})
            then cast(cast({{ minor }} as decimal(16, 0)) * 0.001 as decimal(18, 4))
        else cast(cast({{ minor }} as decimal(16, 0)) * 0.01 as decimal(18, 4))
    end
{%- endmacro %}

{# A computed amount in major units, rounded to what its currency can pay. #}
{% macro payable_amount(amount, currency) -%}
    {{ return(adapter.dispatch('payable_amount', 'postorder')(amount, currency)) }}
{%- endmacro %}

{% macro default__payable_amount(amount, currency) -%}
    cast(
        case
            when {{ currency }} in ({{ currencies_of_digits(0) }})
                then round({{ amount }}, 0)
            when {{ currency }} in ({{ currencies_of_digits(3) }})
                then round({{ amount }}, 3)
            else round({{ amount }}, 2)
        end as decimal(18, 4)
    )
{%- endmacro %}
