"""The statistics macros against independent implementations, on small random data.

What they are compared with follows the textbook definitions and shares no code.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pytest

Spell = tuple[int, str | None]  # age, exit or None while open
Render = Callable[[str], str]

EXITS = ("rto", "delivered", "lost")


def random_spells(
    seed: int, count: int, *, share_open: float, last_age: int
) -> list[Spell]:
    """Spells with many ties; ``share_open`` of them, in the mean, are censored."""
    generator = np.random.default_rng(seed)
    return [
        (
            int(generator.integers(0, last_age + 1)),
            None
            if generator.random() < share_open
            else str(generator.choice(EXITS, p=[0.2, 0.7, 0.1])),
        )
        for _ in range(count)
    ]


def curves_by_definition(spells: list[Spell]) -> dict[int, dict[str, float]]:
    """Aalen-Johansen: hazards of each exit times the share still open before."""
    open_share = 1.0
    incidence = dict.fromkeys(EXITS, 0.0)
    curves = {}
    for age in sorted({age for age, _ in spells}):
        at_risk = sum(1 for other, _ in spells if other >= age)
        counts = {
            kind: sum(1 for spell in spells if spell == (age, kind)) for kind in EXITS
        }
        for kind, count in counts.items():
            incidence[kind] += open_share * count / at_risk
        open_share *= 1 - sum(counts.values()) / at_risk
        curves[age] = {"at_risk": at_risk, "open_share": open_share, **incidence}
    return curves


def curves_by_sql(
    spells: list[Spell],
    connection: duckdb.DuckDBPyConnection,
    render: Render,
    exits: tuple[str, ...] = EXITS,
) -> list[tuple[Any, ...]]:
    """Rows of age, at_risk, open_share and one incidence per exit."""
    load(connection, "spells", "age bigint, exit varchar", spells)
    sql = render(
        "{{ exit_curves('keyed_spells', ['segment'], 'age', 'exit', "
        f"{list(exits)}) }}}}"
    )
    incidences = ", ".join(f"cif_{kind}" for kind in exits)
    return connection.sql(
        f"""
        with keyed_spells as (select 'all' as segment, * from spells),
        curves as ({sql})
        select age, at_risk, open_share, {incidences} from curves order by age
        """
    ).fetchall()


def load(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: str,
    rows: list[Any],
) -> None:
    """Create a table of those rows."""
    connection.execute(f"create or replace table {table} ({columns})").fetchall()
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"insert into {table} values ({marks})", rows)


CASES: dict[str, list[Spell]] = {
    "ties": random_spells(1, 200, share_open=0.3, last_age=12),
    "few ties": random_spells(2, 300, share_open=0.5, last_age=5000),
    "nothing happened yet": random_spells(3, 40, share_open=1.0, last_age=9),
    "all over": random_spells(4, 60, share_open=0.0, last_age=9),
    "one row": [(3, "rto")],
    "one open row": [(3, None)],
    "all at one age": [(0, "rto"), (0, None), (0, "delivered"), (0, "lost")],
}


@pytest.mark.parametrize("spells", CASES.values(), ids=CASES.keys())
def test_competing_exits_follow_aalen_johansen(
    spells: list[Spell], connection: duckdb.DuckDBPyConnection, render: Render
) -> None:
    """Every age has the incidences of the definition, and they add up to one."""
    expected = curves_by_definition(spells)
    rows = curves_by_sql(spells, connection, render)

    assert [row[0] for row in rows] == sorted(expected)
    for age, at_risk, open_share, *incidences in rows:
        wanted = expected[age]
        assert at_risk == wanted["at_risk"]
        assert open_share == pytest.approx(wanted["open_share"], abs=1e-9)
        assert incidences == pytest.approx([wanted[kind] for kind in EXITS], abs=1e-9)
        assert open_share + sum(incidences) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("spells", CASES.values(), ids=CASES.keys())
def test_one_kind_of_exit_is_kaplan_meier(
    spells: list[Spell], connection: duckdb.DuckDBPyConnection, render: Render
) -> None:
    """With other exits taken as censoring the open share is the product limit."""
    ages = np.array([age for age, _ in spells])
    happened = np.array([kind == "delivered" for _, kind in spells])
    rows = curves_by_sql(spells, connection, render, exits=("delivered",))

    for age, _, open_share, incidence in rows:
        factors = [
            1 - np.sum(happened & (ages == event)) / np.sum(ages >= event)
            for event in np.unique(ages[happened])
            if event <= age
        ]
        assert open_share == pytest.approx(float(np.prod(factors)), abs=1e-9)
        assert incidence == pytest.approx(1 - open_share, abs=1e-9)


@pytest.mark.parametrize("spells", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_percentile_is_the_first_age_reached_or_null(
    spells: list[Spell],
    share: float,
    connection: duckdb.DuckDBPyConnection,
    render: Render,
) -> None:
    """A share that the curve never reaches has no percentile."""
    reached = [
        age
        for age, curve in sorted(curves_by_definition(spells).items())
        if curve["delivered"] >= share - 1e-9
    ]
    curves = [
        (age, cif) for age, _, _, _, cif, _ in curves_by_sql(spells, connection, render)
    ]
    load(connection, "curves", "age bigint, cif double", curves)
    percentile = render(f"{{{{ curve_percentile('age', '1 - cif', {share}) }}}}")
    found = connection.sql(f"select {percentile} from curves").fetchall()

    assert found == [(reached[0] if reached else None,)]


def variance_by_definition(spells: list[Spell], kind: str, age: int) -> float:
    """Delta-method variance of an incidence (Marubini & Valsecchi), term by term."""
    curves = curves_by_definition(spells)
    total, open_share_before = 0.0, 1.0
    for other in sorted(curves):
        if other > age:
            break
        at_risk = curves[other]["at_risk"]
        leavers = sum(1 for spell in spells if spell[0] == other and spell[1])
        ours = spells.count((other, kind))
        rise = curves[age][kind] - curves[other][kind]
        if leavers < at_risk:
            total += rise**2 * leavers / (at_risk * (at_risk - leavers))
        total += open_share_before**2 * ours * (at_risk - ours) / at_risk**3
        total -= 2 * rise * open_share_before * ours / at_risk**2
        open_share_before = curves[other]["open_share"]
    return total


def bands_by_sql(
    spells: list[Spell],
    connection: duckdb.DuckDBPyConnection,
    render: Render,
    exits: tuple[str, ...] = EXITS,
) -> list[tuple[Any, ...]]:
    """Rows of age, incidence, variance, lower and upper of the exit ``delivered``."""
    load(connection, "spells", "age bigint, exit varchar", spells)
    sql = render(
        "with keyed_spells as (select 'all' as segment, * from spells), "
        "curves as ({{ exit_curves('keyed_spells', ['segment'], 'age', 'exit', "
        f"{list(exits)}) }}}}), "
        "bands as ({{ incidence_bands('curves', ['segment'], 'age', "
        f"{list(exits)}, ['delivered']) }}}}) "
        "select age, cif_delivered, cif_delivered_variance, cif_delivered_lower, "
        "cif_delivered_upper from bands order by age"
    )
    return connection.sql(sql).fetchall()


@pytest.mark.parametrize("spells", CASES.values(), ids=CASES.keys())
def test_bands_follow_the_delta_method(
    spells: list[Spell], connection: duckdb.DuckDBPyConnection, render: Render
) -> None:
    """Variances are the definition's; bounds lie 1.96 away on the log-log scale."""
    for age, incidence, variance, lower, upper in bands_by_sql(
        spells, connection, render
    ):
        wanted = variance_by_definition(spells, "delivered", age)
        assert variance == pytest.approx(wanted, abs=1e-12)
        if incidence == 0:
            assert (lower, upper) == (0, None)
            continue
        if incidence == 1:
            assert (lower, upper) == (None, 1)
            continue
        assert 0 <= lower <= incidence <= upper <= 1
        slope = -1 / ((1 - incidence) * math.log(1 - incidence))
        distance = 1.959963984540054 * slope * math.sqrt(wanted)
        for bound, sign in ((lower, -1), (upper, 1)):
            # a bound that rounds to one has no logarithm; no case here comes so close
            moved = math.log(-math.log(1 - bound)) - math.log(-math.log(1 - incidence))
            assert moved == pytest.approx(sign * distance, abs=1e-6)


@pytest.mark.parametrize("spells", CASES.values(), ids=CASES.keys())
def test_the_variance_of_one_kind_of_exit_is_greenwoods(
    spells: list[Spell], connection: duckdb.DuckDBPyConnection, render: Render
) -> None:
    """With other exits taken as censoring, nothing else of the formula remains."""
    ages = np.array([age for age, _ in spells])
    happened = np.array([kind == "delivered" for _, kind in spells])
    rows = bands_by_sql(spells, connection, render, exits=("delivered",))

    for age, incidence, variance, _, _ in rows:
        greenwood = 0.0
        for event in np.unique(ages[happened & (ages <= age)]):
            at_risk = int(np.sum(ages >= event))
            leavers = int(np.sum(happened & (ages == event)))
            if leavers < at_risk:
                greenwood += leavers / (at_risk * (at_risk - leavers))
        assert variance == pytest.approx((1 - incidence) ** 2 * greenwood, abs=1e-12)


def test_without_open_spells_the_variance_is_a_shares(
    connection: duckdb.DuckDBPyConnection, render: Render
) -> None:
    """Nobody censored: an incidence is k of n, its variance the binomial's."""
    spells = CASES["all over"]
    for _, incidence, variance, _, _ in bands_by_sql(spells, connection, render):
        binomial = incidence * (1 - incidence) / len(spells)
        assert variance == pytest.approx(binomial, abs=1e-12)


@pytest.mark.parametrize("spells", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_bounds_of_a_percentile_invert_the_band(
    spells: list[Spell],
    share: float,
    connection: duckdb.DuckDBPyConnection,
    render: Render,
) -> None:
    """They are the outermost ages the band does not exclude, or NULL, about its age."""
    rows = bands_by_sql(spells, connection, render)
    columns = (
        "age bigint, cif double, cif_variance double, cif_lower double, "
        "cif_upper double"
    )
    load(connection, "bands", columns, rows)
    sql = render(
        f"select {{{{ curve_percentile('age', '1 - cif_upper', {share}) }}}}, "
        f"{{{{ curve_percentile('age', '1 - cif', {share}) }}}}, "
        f"{{{{ curve_percentile('age', '1 - cif_lower', {share}) }}}} from bands"
    )
    lower, middle, upper = connection.sql(sql).fetchall()[0]

    above = [age for age, _, _, _, top in rows if top is not None and top >= share]
    whole = [age for age, _, _, low, _ in rows if low is not None and low >= share]
    assert lower == (min(above) if above else None)
    assert upper == (min(whole) if whole else None)
    if middle is not None:
        assert lower <= middle
    if upper is not None:
        assert middle <= upper


@pytest.mark.parametrize(
    ("successes", "trials"), [(0, 1), (1, 1), (3, 7), (0, 40), (40, 40), (950, 1000)]
)
def test_wilson_bounds_solve_their_equation(
    successes: int,
    trials: int,
    connection: duckdb.DuckDBPyConnection,
    render: Render,
) -> None:
    """Each bound is a rate from which the one seen is 1.96 standard errors away."""
    sql = render(
        "select {{ wilson_lower('s', 'n') }}, {{ wilson_upper('s', 'n') }} "
        f"from (select {successes} as s, {trials} as n)"
    )
    lower, upper = connection.sql(sql).fetchall()[0]
    seen, z = successes / trials, 1.959963984540054

    assert 0 <= lower <= seen <= upper <= 1
    for bound in (lower, upper):
        if bound not in (0.0, 1.0):
            squared_distance = z * z * bound * (1 - bound) / trials
            assert (seen - bound) ** 2 == pytest.approx(squared_distance, abs=1e-9)


def test_wilson_of_nothing_is_null(
    connection: duckdb.DuckDBPyConnection, render: Render
) -> None:
    """No trials, no interval: neither 0 nor 1."""
    sql = render("select {{ wilson_lower('0', '0') }}, {{ wilson_upper('0', '0') }}")
    assert connection.sql(sql).fetchall() == [(None, None)]


def prior_by_moments(rates: list[tuple[int, int]]) -> tuple[float, float]:
    """Mean and strength of the beta prior, by Kleinman's moments."""
    seen = np.array([rate for rate in rates if rate[1] > 0], dtype=float)
    successes, trials = seen[:, 0], seen[:, 1]
    total = float(trials.sum())
    mean = float(
        np.clip(successes.sum() / total, 0.5 / (total + 1), 1 - 0.5 / (total + 1))
    )
    if len(seen) == 1:
        return mean, 1.0
    groups = len(seen) - 1
    spread = float((trials * (successes / trials - mean) ** 2).sum())
    room = total - float((trials**2).sum()) / total - groups
    if room == 0:
        return mean, total
    correlation = (spread / (mean * (1 - mean)) - groups) / room
    if correlation <= 0:
        return mean, total
    return mean, max(1.0, min(total, 1 / correlation - 1))


def posterior_by_morris(
    rates: list[tuple[int, int]], which: int
) -> tuple[float, float]:
    """Parameters of a rate's posterior, its prior's uncertainty added (Morris 1983)."""
    seen = [rate for rate in rates if rate[1] > 0]
    successes, trials = rates[which]
    k = len(seen)
    mean, strength = prior_by_moments(rates)
    pull = 1 / (1 + trials)
    if k > 3:
        pull = max(pull, (k - 3) / (k - 1) * strength / (strength + trials))
    distance = successes / trials - mean
    m = pull * mean + (1 - pull) * successes / trials
    variance = m * (1 - m) / (trials / (1 - pull) + 1)
    if k > 3:
        mean_v = sum(1 / n for _, n in seen) / k
        spread = (mean_v + 1 / strength) / (1 / trials + 1 / strength)
        variance += m * (1 - m) / trials * pull / k
        variance += 2 / (k - 3) * pull**2 * spread * distance**2
    size = max(m * (1 - m) / variance - 1, 2.0)
    return max(m * size, 0.5), max((1 - m) * size, 0.5)


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularized incomplete beta function by its continued fraction (Lentz)."""
    if x in (0.0, 1.0):
        return x
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = (
        math.exp(
            math.lgamma(a + b)
            - math.lgamma(a)
            - math.lgamma(b)
            + a * math.log(x)
            + b * math.log1p(-x)
        )
        / a
    )
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 5000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 / (1 + term * d), 1 + term / c
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * value


def beta_quantile(a: float, b: float, level: float) -> float:
    """Quantile of a beta distribution by bisection."""
    low, high = 0.0, 1.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if incomplete_beta(a, b, middle) < level else (low, middle)
        )
    return (low + high) / 2


def random_rates(seed: int, count: int, strength: float) -> list[tuple[int, int]]:
    """Rates drawn from a beta prior of that strength, most of them small."""
    generator = np.random.default_rng(seed)
    trials = generator.integers(0, 60, count)
    chances = generator.beta(0.2 * strength, 0.8 * strength, count)
    return [
        (int(generator.binomial(n, p)), int(n))
        for n, p in zip(trials, chances, strict=True)
    ]


RATES = {
    "rates that differ": random_rates(1, 40, strength=8),
    "rates that hardly differ": random_rates(2, 40, strength=5000),
    "rates as like as can be": [(2, 10)] * 12,
    "a single rate": [(7, 90)],
    "nothing succeeded": [(0, 30), (0, 5), (0, 1)],
    "everything succeeded": [(30, 30), (5, 5)],
    "one trial each": [(0, 1), (1, 1), (0, 1)],
    "many trials": [(20_000, 100_000), (40_000, 100_000), (3, 10)],
    "some without trials": [(0, 0), (3, 9), (1, 20)],
}


@pytest.mark.parametrize("rates", RATES.values(), ids=RATES.keys())
def test_shrinkage_is_a_posterior_that_knows_its_prior_was_guessed(
    rates: list[tuple[int, int]],
    connection: duckdb.DuckDBPyConnection,
    render: Render,
) -> None:
    """Means agree to 1e-9; bounds to a thousandth of a standard deviation."""
    rows = [("pool", str(key), *rate) for key, rate in enumerate(rates)]
    load(connection, "counts", "pool varchar, rate varchar, x bigint, n bigint", rows)
    sql = render("{{ shrunk_rates('counts', 'pool', 'rate', 'x', 'n') }}")
    found = {
        rate: (shrunk, lower, upper, strength)
        for _, rate, shrunk, lower, upper, strength in connection.sql(sql).fetchall()
    }
    _, strength = prior_by_moments(rates)

    assert set(found) == {key for _, key, _, trials in rows if trials > 0}
    for key, (shrunk, lower, upper, found_strength) in found.items():
        a, b = posterior_by_morris(rates, int(key))
        deviation = math.sqrt(a * b / (a + b + 1)) / (a + b)
        assert found_strength == pytest.approx(strength, rel=1e-9)
        assert shrunk == pytest.approx(a / (a + b), abs=1e-9)
        assert lower <= shrunk <= upper
        assert lower == pytest.approx(
            beta_quantile(a, b, 0.025), abs=1e-3 * deviation + 1e-9
        )
        assert upper == pytest.approx(
            beta_quantile(a, b, 0.975), abs=1e-3 * deviation + 1e-9
        )
