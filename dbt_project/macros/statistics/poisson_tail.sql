{#
    The probability that a Poisson variable comes to at least a count, for each distinct
    mean and count of a relation: columns mean_column, count_column and poisson_tail.
    Small ones are summed as such, not taken from one, and keep their digits. A mean of 0
    has no row.
#}
{% macro poisson_tail(relation, mean_column, count_column) -%}
    select
        pairs.{{ mean_column }},
        pairs.{{ count_column }},
        least(
            sum(
                exp(
                    numbers.number * ln(pairs.{{ mean_column }})
                    - pairs.{{ mean_column }}
                    - numbers.log_factorial
                )
            ), 1.0
        ) as poisson_tail

    from (
        select distinct
            {{ mean_column }},
            {{ count_column }},
            -- what lies twelve standard deviations above adds nothing
            greatest(
                {{ count_column }},
                {{ mean_column }} + 12 * sqrt({{ mean_column }})
            ) + 60 as last_number

        from {{ relation }}
        where {{ mean_column }} > 0
    ) as pairs
    inner join (
        select
            number,
            sum(ln(greatest(number, 1))) over (
                order by number
                rows between unbounded preceding and current row
            ) as log_factorial

        from ({{ whole_numbers(
            '(select coalesce(cast(ceil(max(greatest(' ~ count_column ~ ', '
            ~ mean_column ~ ' + 12 * sqrt(' ~ mean_column
            ~ ')))) as bigint), 0) + 61 from ' ~ relation ~ ')'
        ) }}) as whole_numbers
    ) as numbers
        on numbers.number between pairs.{{ count_column }} and pairs.last_number
    group by pairs.{{ mean_column }}, pairs.{{ count_column }}
{%- endmacro %}
