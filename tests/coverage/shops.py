"""Shops whose truth is known: simulated, landed and built, one per seed.

A seed goes the road of any shop up to the tables that publishing copies row by row.
Data tests, validation and the copy are left out: they change no figure and would triple
what a seed costs.
"""

from __future__ import annotations

import json
import multiprocessing
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd

from dagster_project.build import DBT_PROJECT, attempt, dbt_places, run_dbt
from ingestion.landing import land_files
from ingestion.shop import Shop
from ingestion.simulator import simulate
from tests.coverage.estimates import ZONE, Estimate
from tests.coverage.pooling import intervals

VARS = {"store_timezone": ZONE, "gateway_horizon_days": 30}
"""A shop of twelve weeks has no first buyers that were watched for ninety days."""

PROCESSES = 2
"""As many as the smallest machine has cores."""


@dataclass(frozen=True)
class Setting:
    """A shop that can be lived through again and again.

    Attributes:
        orders: Orders placed in the period. Small, so that sampling is what moves an
            estimate most; and the truth is that of shops of this size, for stock runs
            short with load.
        days: Length of the period.
        start: Its first day, a Monday: no week is cut at the front.
    """

    orders: int = 3000
    days: int = 84
    start: date = date(2026, 3, 2)

    @property
    def as_of(self) -> datetime:
        """The clock of every build: the end of the period."""
        first = datetime.combine(self.start, datetime.min.time(), ZoneInfo(ZONE))
        return first + timedelta(days=self.days)


def intervals_of_shops(
    setting: Setting,
    seeds: Sequence[int],
    estimates: Sequence[Estimate],
    models: Sequence[str],
    folder: Path,
) -> pd.DataFrame:
    """Live every seed and read its estimates from the tables it would publish.

    Args:
        setting: What is simulated.
        seeds: One shop each.
        estimates: What is read.
        models: Names of the models they are read from.
        folder: Scratch.

    Returns:
        The columns of :func:`tests.coverage.pooling.intervals`, and seed.
    """
    turns = [seeds[number::PROCESSES] for number in range(PROCESSES)]
    # a fresh process each: what dbt and DuckDB keep open does not survive a fork
    with ProcessPoolExecutor(
        PROCESSES, mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        parts = [
            pool.submit(
                _in_turn, setting, part, estimates, models, folder / f"process-{number}"
            )
            for number, part in enumerate(turns)
            if part
        ]
        return pd.concat([part.result() for part in parts], ignore_index=True)


def _in_turn(
    setting: Setting,
    seeds: Sequence[int],
    estimates: Sequence[Estimate],
    models: Sequence[str],
    folder: Path,
) -> pd.DataFrame:
    """Live seeds one after the other, in one folder."""
    found = []
    for seed in seeds:
        with built_shop(setting, seed, models, folder) as published:
            found.append(intervals(published, estimates).assign(seed=seed))
    return pd.concat(found, ignore_index=True)


@contextmanager
def built_shop(
    setting: Setting, seed: int, models: Sequence[str], folder: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Live a seed, land what its systems told, and build models and their inputs.

    Args:
        setting: What is simulated.
        seed: Seed of the shop.
        models: Names of the models to build.
        folder: Receives the shop, which is removed afterwards. What dbt has parsed
            stays: shops that take turns in one folder parse once.

    Yields:
        A read-only connection to the tables as they would be published.
    """
    events = folder / "events"
    shop = Shop(folder / "shop", timezone=ZONE, hash_key="invented people need none")
    simulate(
        orders=setting.orders,
        days=setting.days,
        seed=seed,
        start=setting.start,
        out=events,
        period="month",
    )
    land_files([events], shop=shop, landed_at=setting.as_of, backfill=True)
    with built_models(shop, setting.as_of, models, parsed=folder) as connection:
        yield connection
    shutil.rmtree(events)
    shutil.rmtree(shop.folder)


@contextmanager
def built_models(
    shop: Shop, as_of: datetime, models: Sequence[str], parsed: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Build models and their inputs of what a shop has landed.

    Args:
        shop: Where it has.
        as_of: Clock of the build; what came in later is not known.
        models: Names of the models to build.
        parsed: Folder in which dbt keeps what it has parsed.

    Yields:
        A read-only connection to the tables as they would be published.
    """
    with attempt(shop, as_of=as_of, is_whole=False) as (working, _):
        run_dbt(
            working,
            [
                "build",
                "--full-refresh",
                "--exclude-resource-type",
                "unit_test",
                "test",
                "--select",
                *(f"+{model}" for model in models),
                "--vars",
                json.dumps(VARS),
                *dbt_places(Shop(parsed)),
            ],
        )
    with duckdb.connect(str(working), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


@contextmanager
def truth_of_shops(
    setting: Setting, seeds: Sequence[int], folder: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Live seeds for their truth alone and pool it.

    The truth sought is that of the generating process, not of one shop: what n shops
    of a kind had in common. Its own variance is 1/n of that of an estimate from one of
    them, which widens the error of an estimate by a factor of sqrt(1 + 1/n).

    Args:
        setting: What is simulated.
        seeds: Other ones than those whose estimates are judged.
        folder: Scratch.

    Yields:
        A connection with the tables captures, refunds, reservations, orders,
        deliveries_by_line, returns, promises, reviews, stages and parcels, each with
        its seed, and clock. A parcel's region is looked up in the reference seed by its
        postal code, as the warehouse does.
    """
    for seed in seeds:
        simulate(
            orders=setting.orders,
            days=setting.days,
            seed=seed,
            start=setting.start,
            out=None,
            truth=folder / f"seed={seed}",
        )
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(
            f"""
            create table captures as
            from read_parquet('{folder}/*/captures.parquet', hive_partitioning = true);

            create table refunds as
            from read_parquet('{folder}/*/refunds.parquet', hive_partitioning = true);

            create table reservations as
            from read_parquet(
                '{folder}/*/reservations.parquet', hive_partitioning = true
            );

            create table orders as
            from read_parquet('{folder}/*/orders.parquet', hive_partitioning = true);

            create table deliveries_by_line as
            from read_parquet(
                '{folder}/*/deliveries_by_line.parquet', hive_partitioning = true
            );

            create table returns as
            from read_parquet('{folder}/*/returns.parquet', hive_partitioning = true);

            create table promises as
            from read_parquet('{folder}/*/promises.parquet', hive_partitioning = true);

            create table reviews as
            from read_parquet('{folder}/*/reviews.parquet', hive_partitioning = true);

            create table stages as
            from read_parquet('{folder}/*/stages.parquet', hive_partitioning = true);

            create table clock as
            select '{setting.as_of.isoformat()}'::timestamptz as as_of;

            create table regions as
            from read_csv('{DBT_PROJECT}/seeds/regions.csv', all_varchar = true)
            where country_code = 'IN';

            create table parcels as
            select
                parcels.* exclude (region),
                coalesce(city.region, state.region, 'unknown') as region
            from read_parquet('{folder}/*/parcels.parquet', hive_partitioning = true)
                as parcels
            left join regions as city on left(postal_code, 3) = city.postal_prefix
            left join regions as state on left(postal_code, 2) = state.postal_prefix
            """
        )
        yield connection
