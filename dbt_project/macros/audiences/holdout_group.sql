{#
    The arm of an experiment a customer is in, by lot and for good: the first eight hex
    digits of a hash of both, as a share of all there are, against holdout_share.

    customer    expression of the customer's id
    experiment  name of the audience
#}
{% macro holdout_group(customer, experiment) -%}
    {#- hex digits of one length sort as the numbers they write -#}
    {%- set below = (var('holdout_share') | float * 4294967296) | round(0, 'ceil') -%}
    case
        when left(md5({{ customer }} || ':{{ experiment }}'), 8) < '{{ '%08x' % (below | int) }}'
            then 'holdout'
        else 'treatment'
    end
{%- endmacro %}
