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
