{#
    How far out one of many normal variables may lie: the quantile that the largest of
    `trials` exceeds by chance alone in at most `error` of all cases (Bonferroni).
    Hastings' rational approximation (Abramowitz & Stegun 26.2.23), 0.00045 off at most.
#}
{% macro simultaneous_normal_quantile(trials, error) -%}
    {%- set root = 'sqrt(2 * ln(' ~ trials ~ ' / ' ~ error ~ '))' -%}
    (
        {{ root }}
        - (2.515517 + {{ root }} * (0.802853 + 0.010328 * {{ root }}))
        / (
            1 + {{ root }}
            * (1.432788 + {{ root }} * (0.189269 + 0.001308 * {{ root }}))
        )
    )
{%- endmacro %}

{#
    Lower bound of the mean of a Poisson variable that was seen to be `number`, by the
    cube root of chi-squared (Wilson & Hilferty 1931): the least mean from which so many
    lie no more than `quantile` standard normal deviations away.
#}
{% macro poisson_mean_lower(number, quantile) -%}
    (
        {{ number }} * power(
            greatest(
                1 - 1.0 / (9 * {{ number }})
                - {{ quantile }} / (3 * sqrt({{ number }})), 0
            ), 3
        )
    )
{%- endmacro %}
