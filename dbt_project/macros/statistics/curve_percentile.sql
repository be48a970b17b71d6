{#
    Aggregate over one curve: the first age by which that share of the spells has left,
    NULL where the curve does not get there.

    Of a bound of the curve it gives that bound of the percentile (Brookmeyer & Crowley
    1982): the first age at which the band comes down to it, and the first at which all
    of it has.

    age       column
    survival  column: share not yet left at that age, or a bound of it
    share     between 0 and 1
#}
{% macro curve_percentile(age, survival, share) -%}
    min({{ age }}) filter (where {{ survival }} <= 1 - {{ share }} + 1e-9)
{%- endmacro %}
