{#
    The least count that a Poisson variable stays at or below with more than one chance
    in a thousand, for each distinct mean of a relation: columns mean_column and
    poisson_lower. Fewer than that come less than once in a thousand.
#}
{% macro poisson_lower(relation, mean_column) -%}
    select
        masses.{{ mean_column }},
        min(masses.number) as poisson_lower

    from (
        select
            means.{{ mean_column }},
            numbers.number,
            sum(
                exp(
                    numbers.number * ln(means.{{ mean_column }})
                    - means.{{ mean_column }}
                    - numbers.log_factorial
                )
            ) over (
                partition by means.{{ mean_column }}
                order by numbers.number
                rows between unbounded preceding and current row
            ) as mass_so_far

        from (
            select distinct {{ mean_column }} from {{ relation }}
        ) as means
        inner join (
            select
                number,
                sum(ln(greatest(number, 1))) over (
                    order by number
                    rows between unbounded preceding and current row
                ) as log_factorial

            from ({{ whole_numbers(
                '(select cast(ceil(max(' ~ mean_column ~ ')) as bigint) + 1 from '
                ~ relation ~ ')'
            ) }}) as whole_numbers
        ) as numbers
            -- what lies ten standard deviations below adds nothing
            on numbers.number <= means.{{ mean_column }}
            and numbers.number
            >= means.{{ mean_column }} - 10 * sqrt(means.{{ mean_column }})
    ) as masses
    where masses.mass_so_far > 0.001
    group by masses.{{ mean_column }}
{%- endmacro %}
