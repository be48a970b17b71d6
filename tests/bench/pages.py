"""How long the server takes for each view of a published shop, cold and warm.

Cold is the first look at a version: its file is opened and nothing is remembered.
Warm is the same view again, as the next reader opens it. The page is run as the server
runs it, without a browser: what a browser draws comes on top. What stands in for the
server would look through all installed packages for components before each look; a
server does so once, as it starts, and it is left out here.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path
from statistics import median, quantiles
from unittest.mock import patch

import duckdb

from dagster_project import published

COLD_ROUNDS = 3
WARM_ROUNDS = 5

GOAL_COLD_SECONDS = 1.0
GOAL_WARM_SECONDS = 0.2
"""At five million events, at the 95th percentile."""

PAGE_SECONDS = 300


def report(shop: Path) -> None:
    """Print each view's p50 and p95, cold and warm.

    Args:
        shop: The data folder of a shop that has published.
    """
    # imported here: they cost seconds that no other benchmark should pay
    import streamlit as st
    from streamlit.components.v2.component_manager import BidiComponentManager
    from streamlit.testing.v1 import AppTest

    os.environ["POSTORDER_DATA"] = str(shop)
    # each clearing of caches would be told
    logging.disable(logging.WARNING)
    app = Path(__file__).parents[2] / "dashboards" / "app.py"

    def seconds_of(view: str, address: dict[str, str]) -> float:
        page = AppTest.from_file(str(app), default_timeout=PAGE_SECONDS)
        if view != "today":
            page.switch_page(f"views/{view}.py")
        for name, value in address.items():
            page.query_params[name] = value
        with patch.object(BidiComponentManager, "discover_and_register_components"):
            began = time.perf_counter()
            page.run()
            seconds = time.perf_counter() - began
        if page.exception:
            raise SystemExit(f"{view}: {page.exception[0].value}")
        return seconds

    version = published.current(published.folder_from_environment())
    if version is None:
        raise SystemExit(f"nothing is published in {shop}")
    print(f"{shop}: version {version.name}, {events_in(version):,} events")
    looks = looks_at(version, app)
    # imports, and the compiled views, are the process's and not the version's
    for view, address in looks.values():
        seconds_of(view, address)
    cold: dict[str, list[float]] = {}
    warm: dict[str, list[float]] = {}
    print(
        f"\n{'view':<18}{'cold p50':>10}{'p95':>8}{'warm p50':>11}{'p95':>8}  seconds"
    )
    for name, (view, address) in looks.items():
        for _ in range(COLD_ROUNDS):
            st.cache_data.clear()
            st.cache_resource.clear()
            cold.setdefault(name, []).append(seconds_of(view, address))
        for _ in range(WARM_ROUNDS):
            warm.setdefault(name, []).append(seconds_of(view, address))
        print(
            f"{name:<18}{median(cold[name]):10.3f}{p95(cold[name]):8.3f}"
            f"{median(warm[name]):11.3f}{p95(warm[name]):8.3f}",
            flush=True,
        )
    print(f"{'(an empty page)':<18}{seconds_of_nothing():10.3f}")
    all_cold = [each for seconds in cold.values() for each in seconds]
    all_warm = [each for seconds in warm.values() for each in seconds]
    print(
        f"\nall: cold p95 {p95(all_cold):.3f} s, the goal is {GOAL_COLD_SECONDS} s; "
        f"warm p95 {p95(all_warm):.3f} s, the goal is {GOAL_WARM_SECONDS} s"
    )


def seconds_of_nothing() -> float:
    """Return what the harness takes for a page that does nothing."""
    from streamlit.testing.v1 import AppTest

    page = AppTest.from_string("", default_timeout=PAGE_SECONDS)
    seconds = []
    for _ in range(WARM_ROUNDS):
        began = time.perf_counter()
        page.run()
        seconds.append(time.perf_counter() - began)
    return median(seconds)


def looks_at(version: published.Version, app: Path) -> dict[str, tuple[str, dict]]:
    """Return what is measured: each view as it opens, and the paths readers take."""
    with published.connect(version) as connection:
        row = connection.execute(
            """
            select order_id, customer_id
            from marts.fct_orders
            where customer_id is not null
            order by shipment_count desc, order_id
            limit 1
            """
        ).fetchone()
    if row is None:
        raise SystemExit("the shop has no order")
    order_id, customer_id = row
    looks = {
        path.stem: (path.stem, {})
        for path in sorted((app.parent / "views").glob("[a-z]*.py"))
    }
    return looks | {
        "order": ("order", {"order_id": order_id}),
        "customer": ("customer", {"customer_id": customer_id}),
        "orders, search": ("orders", {"search": order_id}),
        "rows, orders": ("rows", {"of": "orders"}),
        "rows, payments": ("rows", {"of": "payments"}),
        "rows, cohort": (
            "rows",
            {"of": "cohort_orders", "age_mode": "calendar_month", "age": "1"},
        ),
        "rows, bought again": ("rows", {"of": "bought_again", "basis": "sku"}),
    }


def events_in(version: published.Version) -> int:
    """Count the events of a version."""
    with duckdb.connect(str(version.path), read_only=True) as connection:
        ((events,),) = connection.sql("select count(*) from marts.events").fetchall()
    return int(events)


def p95(seconds: list[float]) -> float:
    """Return the 95th percentile."""
    return quantiles(seconds, n=20, method="inclusive")[-1]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m tests.bench.pages FOLDER")
    report(Path(sys.argv[1]).resolve())
