{#
    Survival of spells until one kind of exit, with its 95 % interval: one row per key
    and age at which a spell ended or was last seen open.

    Where nothing competes this is Kaplan-Meier with Greenwood's standard errors. Where
    something does, survival is one less the cumulative incidence of the exit
    (Aalen-Johansen): taking the others for open would ask how long it lasts where they
    are abolished. The interval is symmetric in log(-log(survival)); at a survival of 1 it
    has no lower bound and at 0 no upper one: NULL.

    spells     relation with one row per spell
    keys       columns that separate the curves
    age        column: how long the spell has lasted
    exit       column: how it ended, NULL while open
    kind       the exit that survival is until
    competing  the exits that preclude it
    entry      column: age from which on a spell was watched, as in exit_curves

    Columns: keys, age, at_risk, <kind>_exits, survival, std_error, lower, upper.
#}
{% macro survival_curves(spells, keys, age, exit, kind, competing=[], entry='null') -%}
    {%- set exits = [kind] + competing -%}
    with

    curves as (

        {{ exit_curves(spells, keys, age, exit, exits, entry) }}

    ),

    bands as (

        {{ incidence_bands('curves', keys, age, exits, [kind]) }}

    )

    select
        {{ keys | join(', ') }},
        {{ age }},
        at_risk,
        {{ kind }}_exits,
        -- shares of one sum to a little more than it in the last digit
        greatest(1 - cif_{{ kind }}, 0) as survival,
        sqrt(cif_{{ kind }}_variance) as std_error,
        1 - cif_{{ kind }}_upper as lower,
        1 - cif_{{ kind }}_lower as upper
    from bands
{%- endmacro %}
