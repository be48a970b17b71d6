"""Survival and incidence against the lifelines library, to 1e-9.

lifelines moves tied exits of different kinds apart by chance before it estimates
incidences, and counts who enters at an age among those at risk there, which its
Kaplan-Meier does not; incidences are compared where neither ties. With ties they are
held against the definition in ``test_survival``.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import numpy as np
import pandas as pd
import pytest
from lifelines import AalenJohansenFitter, KaplanMeierFitter

Render = Callable[[str], str]

KINDS = ("settled", "other")


def random_spells(
    seed: int, count: int, *, last_age: int, share_open: float, share_late: float
) -> pd.DataFrame:
    """Columns age, exit (None while open) and entry (None from the beginning)."""
    generator = np.random.default_rng(seed)
    ages = generator.integers(1, last_age + 1, count)
    exits = np.where(
        generator.random(count) < share_open,
        None,
        generator.choice(KINDS, count, p=[0.8, 0.2]),
    )
    entries = np.where(
        generator.random(count) < share_late, generator.integers(0, ages), -1
    )
    return pd.DataFrame({"age": ages, "exit": exits, "entry": entries})


CASES = {
    "ties": random_spells(1, 300, last_age=12, share_open=0.3, share_late=0),
    "few ties": random_spells(2, 400, last_age=9000, share_open=0.5, share_late=0),
    "no events": random_spells(3, 40, last_age=9, share_open=1, share_late=0),
    "all censored at one age": random_spells(
        4, 40, last_age=1, share_open=1, share_late=0
    ),
    "nothing censored": random_spells(5, 80, last_age=30, share_open=0, share_late=0),
    "one row": pd.DataFrame({"age": [3], "exit": ["settled"], "entry": [-1]}),
    "one open row": pd.DataFrame({"age": [3], "exit": [None], "entry": [-1]}),
    "delayed entry": random_spells(
        6, 400, last_age=9000, share_open=0.4, share_late=0.5
    ),
    "delayed entry with ties": random_spells(
        7, 300, last_age=15, share_open=0.3, share_late=0.5
    ),
    "everybody enters late": random_spells(
        8, 200, last_age=40, share_open=0.3, share_late=1
    ),
}

every_case = pytest.mark.parametrize("spells", CASES.values(), ids=CASES.keys())


def curves(
    spells: pd.DataFrame,
    connection: duckdb.DuckDBPyConnection,
    render: Render,
    competing: list[str],
) -> pd.DataFrame:
    """What the macro returns for one segment, by age."""
    connection.register("spells", spells)
    sql = render(
        "{{ survival_curves('keyed_spells', ['segment'], 'age', 'exit', 'settled', "
        f"{competing}, 'entry') }}}}"
    )
    rows = connection.sql(
        f"""
        with keyed_spells as (
            select 'all' as segment, age, exit::varchar as exit,
                nullif(entry, -1) as entry
            from spells
        ),
        curves as ({sql})
        select * exclude (segment) from curves order by age
        """
    )
    return rows.df().set_index("age")


def percentile(
    found: pd.DataFrame,
    connection: duckdb.DuckDBPyConnection,
    render: Render,
    share: float,
) -> float | None:
    """The age by which that share has left, by the macro."""
    connection.register("found", found.reset_index())
    macro = render(f"{{{{ curve_percentile('age', 'survival', {share}) }}}}")
    ((age,),) = connection.sql(f"select {macro} from found").fetchall()
    return age


def entries(spells: pd.DataFrame) -> pd.Series:
    """Ages of entry as lifelines takes them: 0 from the beginning."""
    return spells["entry"].clip(lower=0)


@every_case
def test_survival_is_the_kaplan_meier_of_lifelines(
    spells: pd.DataFrame, connection: duckdb.DuckDBPyConnection, render: Render
) -> None:
    """Risk sets, survival, Greenwood's errors and log-log bounds, others censored."""
    found = curves(spells, connection, render, competing=[])
    fitter = KaplanMeierFitter().fit(
        spells["age"], spells["exit"] == "settled", entry=entries(spells)
    )
    ages = found.index
    survival = fitter.survival_function_["KM_estimate"].loc[ages]
    table = fitter.event_table.loc[ages]
    # lifelines lets entrants in after the exits of their age, but shows them before
    is_first = ages == fitter.event_table.index[0]
    at_risk = table["at_risk"] - table["entrance"].where(~is_first, 0)
    bounds = fitter.confidence_interval_.loc[ages]
    lower, upper = bounds.iloc[:, 0], bounds.iloc[:, 1]

    assert found["at_risk"].tolist() == at_risk.tolist()
    assert found["settled_exits"].tolist() == table["observed"].tolist()
    np.testing.assert_allclose(found["survival"], survival, rtol=0, atol=1e-9)

    # at 1 and 0 the log-log scale ends: lifelines repeats the estimate there
    inside = (survival > 1e-12) & (survival < 1 - 1e-12)
    np.testing.assert_allclose(found["lower"][inside], lower[inside], atol=1e-9)
    np.testing.assert_allclose(found["upper"][inside], upper[inside], atol=1e-9)
    greenwood = survival * np.sqrt(fitter._cumulative_sq_.loc[ages])
    np.testing.assert_allclose(found["std_error"][inside], greenwood[inside], atol=1e-9)
    assert found["lower"][survival >= 1 - 1e-12].isna().all()
    assert found["upper"][survival <= 1e-12].isna().all()


@every_case
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_percentiles_are_those_of_lifelines_or_null(
    spells: pd.DataFrame,
    share: float,
    connection: duckdb.DuckDBPyConnection,
    render: Render,
) -> None:
    """Infinite there is NULL here; a rounding error above the share is the share."""
    found = curves(spells, connection, render, competing=[])
    fitter = KaplanMeierFitter().fit(
        spells["age"], spells["exit"] == "settled", entry=entries(spells)
    )
    wanted = fitter.percentile(1 - share + 1e-9)

    assert percentile(found, connection, render, share) == (
        wanted if np.isfinite(wanted) else None
    )


@every_case
def test_incidence_is_the_aalen_johansen_of_lifelines(
    spells: pd.DataFrame, connection: duckdb.DuckDBPyConnection, render: Render
) -> None:
    """With exits that compete, survival is what is missing of the incidence."""
    apart = spells.assign(
        # of settled, other and entries none tie with another kind, but for its own
        age=spells["age"] * 3 + (spells["exit"] == "other"),
        entry=spells["entry"].where(spells["entry"] < 0, spells["entry"] * 3 + 2),
    )
    found = curves(apart, connection, render, competing=["other"])
    events = apart["exit"].map({"settled": 1, "other": 2}).fillna(0).astype(int)
    fitter = AalenJohansenFitter(calculate_variance=False).fit(
        apart["age"], events, event_of_interest=1, entry=entries(apart)
    )
    wanted = fitter.cumulative_density_.loc[found.index].iloc[:, 0]

    np.testing.assert_allclose(1 - found["survival"], wanted, rtol=0, atol=1e-9)
