{#
    Empirical-Bayes shrinkage of many rates towards the rate of all, beta-binomial,
    with the 95 % interval of each posterior.

    The prior's mean is the pooled rate of its group. Its strength, in pseudo-trials,
    comes from how much the rates differ beyond chance (moments, Kleinman 1973); rates
    that differ no more than chance are one rate, and the prior then weighs as much as
    all the data, never more.

    A prior learned from k rates is itself uncertain, and a rate far from the others is
    where it is most likely wrong. So rates are drawn towards it by (k - 3) / (k - 1) of
    the way only, up to three not at all, and the variance of a posterior is that of

        beta + pull variance / k + 2 / (k - 3) pull^2 (rate - pooled)^2 (v + a) / (v_i + a)

    (Morris 1983, J. Am. Stat. Assoc. 78, 47-55), where pull is the weight of the prior, variance
    that of the rate alone, v_i = 1 / trials with mean v, and a = 1 / strength. The
    interval is that of the beta with this mean and variance, read from its density
    summed over cells that are even in arcsin(sqrt(rate)), where its width hardly
    depends on the rate; 400 cells over 16 standard deviations put a bound within 0.1 %
    of one.

    counts     relation with one row per rate
    group_key  column: rates of one group are shrunk together
    key        column: names the rate within its group
    successes  column, need not be whole
    trials     column, need not be whole; a rate without trials is NULL

    Columns: group_key, key, shrunk_rate, lower, upper, prior_strength.
#}
{% macro shrunk_rates(counts, group_key, key, successes, trials) -%}
    {%- set cells = 400 -%}
    with

    rates as (

        select
            {{ group_key }},
            {{ key }},
            cast({{ successes }} as double) as successes,
            cast({{ trials }} as double) as trials

        from {{ counts }}
        where {{ trials }} > 0

    ),

    pools as (

        select
            {{ group_key }},
            count(*) as rate_count,
            sum(trials) as all_trials,
            sum(trials * trials) as squared_trials,
            avg(1 / trials) as mean_share,

            -- where nothing, or everything, succeeded half a case keeps it proper
            least(
                greatest(sum(successes) / sum(trials), 0.5 / (sum(trials) + 1)),
                1 - 0.5 / (sum(trials) + 1)
            ) as pooled_rate

        from rates
        group by {{ group_key }}

    ),

    spreads as (

        select
            pools.{{ group_key }},
            sum(
                rates.trials
                * (rates.successes / rates.trials - pools.pooled_rate)
                * (rates.successes / rates.trials - pools.pooled_rate)
            ) / (pools.pooled_rate * (1 - pools.pooled_rate)) as spread

        from pools
        inner join rates
            on pools.{{ group_key }} = rates.{{ group_key }}
        group by pools.{{ group_key }}, pools.pooled_rate

    ),

    -- the correlation of two trials of one rate: 0 if rates differ by chance alone
    correlations as (

        select
            pools.*,
            (spreads.spread - (pools.rate_count - 1)) / nullif(
                pools.all_trials
                - pools.squared_trials / pools.all_trials
                - (pools.rate_count - 1), 0
            ) as correlation

        from pools
        inner join spreads
            on pools.{{ group_key }} = spreads.{{ group_key }}

    ),

    priors as (

        select
            {{ group_key }},
            pooled_rate,
            rate_count,
            mean_share,
            case
                when correlation > 0
                    then greatest(1.0, least(all_trials, 1 / correlation - 1))
                when rate_count = 1 then 1.0
                else all_trials
            end as prior_strength

        from correlations

    ),

    pulls as (

        select
            rates.{{ group_key }},
            rates.successes,
            rates.trials,
            priors.pooled_rate,
            priors.rate_count,
            priors.prior_strength,
            rates.successes / rates.trials - priors.pooled_rate as distance,
            (priors.mean_share + 1 / priors.prior_strength)
                / (1 / rates.trials + 1 / priors.prior_strength) as relative_spread,

            -- one pseudo-trial at least keeps every posterior proper
            greatest(
                1 / (1 + rates.trials),
                case
                    when priors.rate_count > 3
                        then (priors.rate_count - 3.0) / (priors.rate_count - 1)
                            * priors.prior_strength
                            / (priors.prior_strength + rates.trials)
                    else 0
                end
            ) as pull

        from rates
        inner join priors
            on rates.{{ group_key }} = priors.{{ group_key }}
        group by
            rates.{{ group_key }},
            rates.successes,
            rates.trials,
            priors.pooled_rate,
            priors.rate_count,
            priors.mean_share,
            priors.prior_strength

    ),

    means as (

        select
            pulls.*,
            pooled_rate + (1 - pull) * distance as mean_rate
        from pulls

    ),

    -- the variance over that of one trial
    variances as (

        select
            means.*,
            1 / (trials / (1 - pull) + 1)
                + case
                    when rate_count > 3
                        then pull / trials / rate_count
                            + 2.0 / (rate_count - 3) * pull * pull
                            * distance * distance * relative_spread
                            / (mean_rate * (1 - mean_rate))
                    else 0
                end as variance_share

        from means

    ),

    -- half a success and half a failure, as in Jeffreys' prior, are left to the worst
    posteriors as (

        select
            {{ group_key }},
            successes,
            trials,
            prior_strength,
            greatest(
                mean_rate * greatest(1 / variance_share - 1, 2.0), 0.5
            ) as alpha,
            greatest(
                (1 - mean_rate) * greatest(1 / variance_share - 1, 2.0), 0.5
            ) as beta
        from variances

    ),

    angles as (

        select
            posteriors.*,
            greatest(
                0.0, asin(sqrt(alpha / (alpha + beta))) - 4 / sqrt(alpha + beta)
            ) as first_angle,
            least(
                pi() / 2, asin(sqrt(alpha / (alpha + beta))) + 4 / sqrt(alpha + beta)
            ) as last_angle

        from posteriors

    ),

    cell_numbers as (

        {{ whole_numbers(cells) }}

    ),

    cells as (

        select
            angles.*,
            cell_numbers.number,
            (angles.last_angle - angles.first_angle) / {{ cells }} as cell_width,
            angles.first_angle + (cell_numbers.number + 0.5)
                * (angles.last_angle - angles.first_angle) / {{ cells }} as middle

        from angles
        cross join cell_numbers

    ),

    log_densities as (

        select
            cells.*,
            (2 * alpha - 1) * ln(sin(middle))
                + (2 * beta - 1) * ln(cos(middle)) as log_density

        from cells

    ),

    densities as (

        select
            log_densities.*,
            exp(
                log_density - max(log_density) over (
                    partition by {{ group_key }}, successes, trials
                )
            ) as density

        from log_densities

    ),

    shares as (

        select
            densities.*,
            density / sum(density) over (
                partition by {{ group_key }}, successes, trials
            ) as share,
            sum(density) over (
                partition by {{ group_key }}, successes, trials
                order by number
                rows between unbounded preceding and current row
            ) / sum(density) over (
                partition by {{ group_key }}, successes, trials
            ) as share_so_far

        from densities

    ),

    intervals as (

        select
            {{ group_key }},
            successes,
            trials,
            alpha,
            beta,
            prior_strength,
            {% for bound, level in {'lower': 0.025, 'upper': 0.975}.items() %}
            {%- set angle = min_by(
                'middle + cell_width * ((' ~ level ~ ' - share_so_far) / share + 0.5)',
                'number'
            ) ~ ' filter (where share_so_far >= ' ~ level ~ ')' %}
            sin({{ angle }}) * sin({{ angle }}) as {{ bound }}{{ ',' if not loop.last }}
            {% endfor %}

        from shares
        group by {{ group_key }}, successes, trials, alpha, beta, prior_strength

    ),

    shrunk as (

        select
            rates.{{ group_key }},
            rates.{{ key }},
            intervals.alpha / (intervals.alpha + intervals.beta) as shrunk_rate,
            intervals.lower,
            intervals.upper,
            intervals.prior_strength

        from rates
        inner join intervals
            on rates.{{ group_key }} = intervals.{{ group_key }}
            and rates.successes = intervals.successes
            and rates.trials = intervals.trials

    )

    select * from shrunk
{%- endmacro %}
