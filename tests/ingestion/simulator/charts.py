"""The simulated shop on one page, to be looked at: does this look like a shop?

Run ``python -m tests.ingestion.simulator.charts OUT.png``. The page is drawn from the
lines the systems emit, as a newcomer's data would be, and rendered by a headless
Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

import duckdb

from ingestion.simulator import simulate, world_of
from ingestion.simulator.catalog import CATEGORIES, PRODUCTS, SIZES

TABLES = Path(__file__).with_suffix(".sql")
COLUMNS = 4
WIDTH, HEIGHT = 400, 250
LEFT, RIGHT, TOP, BOTTOM = 46, 110, 34, 34
COLORS = ("#1f6f8b", "#d1603d", "#5a8f3c", "#8a4f9e", "#c79a1b", "#555b6e", "#b33a5b")

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Panel:
    """One small chart.

    Attributes:
        title: What is drawn, with the unit.
        kind: ``line``, ``bar`` and ``list`` take rows (series, x, y), ``heat`` (row,
            column, value).
        query: Select over the tables that ``load`` makes.
        is_log_x: Whether x is the decimal logarithm of the value to be shown.
    """

    title: str
    kind: str
    query: str
    is_log_x: bool = False


def hours_between(earlier: str, later: str) -> str:
    """Return SQL for the hours from one moment to another."""
    return f"(epoch({later}) - epoch({earlier})) / 3600.0"


def log_hours(series: str, hours: str, source: str) -> str:
    """Return a query of the share of each series by logarithm of hours."""
    return f"""
        with
        spans as (
            select
                {series} as series,
                round(log10(greatest({hours}, 0.003)) * 5) / 5 as x
            from {source}
        )
        select series, x, count(*) / sum(count(*)) over (partition by series)
        from spans
        where x is not null and series is not null
        group by series, x
        order by series, x
    """


def by_step(series: str, value: str, step: float, most: float, source: str) -> str:
    """Return a query of the share of each series by value, in steps."""
    return f"""
        with
        spans as (
            select {series} as series, round({value} / {step}) * {step} as x
            from {source}
        )
        select series, x, count(*) / sum(count(*)) over (partition by series) as y
        from spans
        where x is not null and series is not null
        group by series, x
        qualify x <= {most}
        order by series, x
    """


PANELS = (
    Panel(
        "Orders by day",
        "line",
        """
        select 'orders', date_diff('day', min(day) over (), day), orders
        from (
            select local(occurred_at)::date as day, count(*) as orders
            from placed
            group by day
        )
        order by day
        """,
    ),
    Panel(
        "Orders by weekday and hour",
        "heat",
        """
        select
            ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][
                isodow(local(occurred_at))
            ],
            hour(local(occurred_at)),
            count(*)
        from placed
        group by isodow(local(occurred_at)), hour(local(occurred_at))
        order by isodow(local(occurred_at)), 2
        """,
    ),
    Panel(
        "Basket value, major units (log), share by currency",
        "line",
        """
        with
        baskets as (
            select currency, round(log10(total_minor / 100.0) * 8) / 8 as x
            from placed
            where total_minor > 0
        )
        select currency, x, count(*) / sum(count(*)) over (partition by currency)
        from baskets
        group by currency, x
        order by 1, 2
        """,
        is_log_x=True,
    ),
    Panel(
        "Lines per order, share by category of the first",
        "line",
        """
        select category, size, count(*) / sum(count(*)) over (partition by category)
        from (
            select len(lines) as size, any_value(category) as category
            from placed
            join products on products.sku = lines[1].sku
            group by placed.order_id, len(lines)
        )
        group by category, size
        order by 1, 2
        """,
    ),
    Panel(
        "How orders are paid, share of orders",
        "list",
        """
        select 'orders', method, count(*) / sum(count(*)) over ()
        from (
            select order_id, coalesce(
                any_value(payment_method) filter (
                    event_name = 'payment_initiated' and attempt_no = 1
                ),
                any_value(payment_mode)
            ) as method
            from facts
            where event_name in ('payment_initiated', 'order_placed')
            group by order_id
        )
        group by method
        order by 3 desc
        """,
    ),
    Panel(
        "Authorized to captured, hours (log), share by gateway",
        "line",
        log_hours(
            "gateway",
            hours_between("authorized_at", "captured_at"),
            "payments where captured_at is not null and authorized_at is not null",
        ),
        is_log_x=True,
    ),
    Panel(
        "Captured to settled, days, share by gateway",
        "line",
        by_step(
            "gateway",
            hours_between("captured_at", "settled_at") + " / 24",
            0.25,
            9,
            "payments where settled_at is not null",
        ),
    ),
    Panel(
        "Captured to settled by capture weekday (1 Mon), days",
        "line",
        f"""
        select
            gateway,
            isodow(local(captured_at)),
            median({hours_between("captured_at", "settled_at")}) / 24
        from payments
        where settled_at is not null
        group by all
        order by 1, 2
        """,
    ),
    Panel(
        "Reservation failure rate against load (1 is the mean hour)",
        "line",
        """
        with
        hours as (
            select
                date_trunc('hour', occurred_at) as hour,
                least(round(count(*) / avg(count(*)) over () * 2) / 2, 4) as load
            from placed
            group by hour
        ),
        tries as (
            select
                date_trunc('hour', placed.occurred_at) as hour,
                facts.event_name = 'inventory_reservation_failed' as is_failed
            from facts
            join placed using (order_id)
            where facts.event_name in (
                    'inventory_reservation_failed', 'inventory_reserved'
                )
                and facts.attempt_no = 1
        )
        select 'first tries', load, avg(is_failed::integer)
        from tries
        join hours using (hour)
        group by load
        having count(*) > 60
        order by load
        """,
    ),
    Panel(
        "Promise, days after the order, share",
        "line",
        by_step(
            "'first promise'",
            "date_diff('day', local(placed_at)::date, local(promise_max_at)::date)",
            1,
            20,
            "promises",
        ),
    ),
    Panel(
        "Delivered after the first promise, days, share by carrier",
        "line",
        by_step(
            "carrier",
            hours_between("promise_max_at", "delivered_at") + " / 24",
            1,
            12,
            "parcels where delivered_at is not null",
        ),
    ),
    Panel(
        "Shipped to delivered, days, share by carrier",
        "line",
        by_step(
            "carrier",
            hours_between("shipped_at", "delivered_at") + " / 24",
            1,
            18,
            "parcels where delivered_at is not null",
        ),
    ),
    Panel(
        "RTO rate of parcels shipped early enough, by first attempt",
        "bar",
        """
        select
            payment_mode,
            if(attempted_at > promise_max_at, 'late', 'in time'),
            avg((rto_at is not null)::integer)
        from parcels
        where shipped_at < (select max(shipped_at) - interval 25 days from parcels)
            and attempted_at is not null
        group by all
        order by 1, 2
        """,
    ),
    Panel(
        "Cash collected to remitted, days, share by carrier",
        "line",
        by_step(
            "carrier",
            hours_between("collected_at", "remitted_at") + " / 24",
            1,
            32,
            "parcels where remitted_at is not null",
        ),
    ),
    Panel(
        "Return requests per delivered line, by category and size",
        "bar",
        """
        select
            coalesce(size, 'no size'),
            category,
            sum(is_returned) / count(*)
        from delivered_lines
        where delivered_at < (
            select max(delivered_at) - interval 28 days from delivered_lines
        )
        group by all
        order by 2, 1
        """,
    ),
    Panel(
        "Reasons for returning, share of each category",
        "heat",
        """
        select
            category,
            reason_code,
            count(*) / sum(count(*)) over (partition by category)
        from returns
        join products using (sku)
        group by category, reason_code
        order by 1, 2
        """,
    ),
    Panel(
        "Delivered to return asked, days, share by reason",
        "line",
        by_step(
            "returns.reason_code",
            hours_between("delivered_lines.delivered_at", "occurred_at") + " / 24",
            2,
            40,
            "returns join delivered_lines using (order_line_id)"
            " where reason_code in (select reason_code from returns group by 1"
            " order by count(*) desc limit 6)",
        ),
    ),
    Panel(
        "Refund clocks, hours (log), share",
        "line",
        log_hours("clock", "hours", "refund_clocks"),
        is_log_x=True,
    ),
    Panel(
        "Reorder gap over the product's own life, share by SKU",
        "line",
        by_step(
            "sku",
            "gap_days / life_days",
            0.2,
            4,
            "gaps where sku in (select sku from gaps group by 1"
            " order by count(*) desc limit 6)",
        ),
    ),
    Panel(
        "Review rate of asks, by days from delivery to the ask",
        "line",
        """
        select
            'reviews per ask',
            round((epoch(asked_at) - epoch(delivered_at)) / 172800) * 2 as days,
            avg((review_id is not null)::integer)
        from asks
        where delivered_at is not null
        group by days
        having count(*) > 60
        order by days
        """,
    ),
    Panel(
        "Hours of silence before a contact (log), share by reason",
        "line",
        log_hours(
            "contact_reason",
            "silence_hours",
            "contacts where contact_reason in (select contact_reason from contacts"
            " group by 1 order by count(*) desc limit 5)",
        ),
        is_log_x=True,
    ),
    Panel(
        "Item-not-received claims per address, addresses",
        "list",
        """
        select 'addresses', least(claims, 9)::varchar, count(*)
        from (
            select address_hash, count(*) as claims
            from facts
            where event_name = 'item_not_received_claimed'
            group by address_hash
        )
        group by least(claims, 9)
        order by least(claims, 9)
        """,
    ),
    Panel(
        "Why orders are cancelled, share",
        "list",
        """
        select 'cancellations', reason_code, count(*) / sum(count(*)) over ()
        from facts
        where event_name = 'order_cancelled'
        group by reason_code
        order by 3 desc
        """,
    ),
    Panel(
        "Units on hand by the events, best seller of each location",
        "line",
        """
        with
        best as (
            select distinct on (location_id) location_id, sku
            from moves
            where units < 0
            group by location_id, sku
            order by sum(units)
        ),
        counts as (
            select location_id, sku, occurred_at, counted_quantity
            from facts
            join best using (location_id, sku)
            where event_name = 'inventory_counted'
        ),
        -- a count says what is there; what moved since is added to it
        states as (
            select
                moves.location_id,
                moves.occurred_at,
                counts.counted_quantity + sum(units) over (
                    partition by moves.location_id, counts.occurred_at
                    order by moves.occurred_at
                ) as units
            from moves
            asof join counts
                on moves.location_id = counts.location_id
                and moves.sku = counts.sku
                and moves.occurred_at >= counts.occurred_at
        )
        select location_id, date_diff(
                'day', (select min(occurred_at) from facts), occurred_at
            ) as day,
            arg_max(units, occurred_at)
        from states
        group by location_id, day
        order by 1, 2
        """,
    ),
    Panel(
        "Units missing by count, location and category",
        "heat",
        """
        select category, location_id, sum(expected_quantity - counted_quantity)
        from facts
        join products using (sku)
        where event_name = 'inventory_counted'
        group by all
        order by 1, 2
        """,
    ),
    Panel(
        "Reported after the fact, hours (log), share by source",
        "line",
        log_hours(
            "split_part(source, ':', 1)",
            hours_between("occurred_at", "observed_at"),
            "lines where split_part(source, ':', 1) in "
            "('shop', 'wms', 'shiprocket', 'razorpay', 'returns')",
        ),
        is_log_x=True,
    ),
    Panel(
        "Events by name, the fifteen most frequent",
        "list",
        """
        select 'facts', event_name, count(*)
        from facts
        group by event_name
        order by 3 desc
        limit 15
        """,
    ),
    Panel(
        "Orders per customer with an account, share",
        "list",
        """
        select 'customers', orders::varchar, count(*) / sum(count(*)) over ()
        from (
            select customer_id, count(*) as orders
            from placed
            where customer_id is not null
            group by customer_id
        )
        group by orders
        order by orders
        """,
    ),
)


def load(folder: Path) -> duckdb.DuckDBPyConnection:
    """Read the lines of a folder, and lay out what the panels ask."""
    connection = duckdb.connect()
    connection.execute(
        f"""
        create table lines as
        select * replace (
            occurred_at::timestamptz as occurred_at,
            observed_at::timestamptz as observed_at
        )
        from read_json(
            '{folder}/*/*.jsonl.gz', format = 'newline_delimited', sample_size = -1,
            map_inference_threshold = -1, field_appearance_threshold = 0
        );
        create table facts as
        select distinct * exclude (observed_at, delivery_id) from lines
        """
    )
    connection.execute(
        "create table products "
        "(sku varchar, category varchar, size varchar, life_days integer)"
    )
    connection.executemany(
        "insert into products values (?, ?, ?, ?)",
        [
            (
                product.sku,
                product.category,
                SIZES[product.size] if product.size >= 0 else None,
                product.life_days,
            )
            for product in PRODUCTS
        ],
    )
    connection.execute(TABLES.read_text(encoding="utf-8"))
    return connection


def page(connection: duckdb.DuckDBPyConnection, title: str) -> str:
    """Return the page of all panels as HTML."""
    figures = []
    for panel in PANELS:
        rows = connection.sql(panel.query).fetchall()
        figures.append(figure(panel, [row for row in rows if None not in row]))
    return (
        "<!doctype html><meta charset='utf-8'><style>"
        "body{margin:12px;background:#fff;font:12px sans-serif;color:#222}"
        f".page{{display:grid;grid-template-columns:repeat({COLUMNS},{WIDTH}px);gap:8px}}"
        "svg text{font:9px sans-serif;fill:#444} svg .title{font:bold 11px sans-serif}"
        f"</style><h3>{escape(title)}</h3><div class='page'>{''.join(figures)}</div>"
    )


def figure(panel: Panel, rows: Sequence[Row]) -> str:
    """Return one panel as SVG."""
    draw = {"line": _lines, "bar": _bars, "list": _list, "heat": _heat}[panel.kind]
    inside = draw(panel, rows) if rows else _text(LEFT, TOP + 40, "nothing to show")
    return (
        f"<svg width='{WIDTH}' height='{HEIGHT}'>"
        f"<text class='title' x='6' y='16'>{escape(panel.title)}</text>{inside}</svg>"
    )


def _lines(panel: Panel, rows: Sequence[Row]) -> str:
    xs = [float(x) for _, x, _ in rows]
    low, high = min(xs), max(max(xs), min(xs) + 1e-9)
    top = max(float(y) for *_, y in rows)
    parts = [_y_axis(top)]
    for step in range(5):
        x = low + (high - low) * step / 4
        shown = 10**x if panel.is_log_x else x
        parts.append(_text(_x(x, low, high), HEIGHT - BOTTOM + 14, f"{shown:.3g}"))
    for number, series in enumerate(dict.fromkeys(row[0] for row in rows)):
        color = COLORS[number % len(COLORS)]
        points = " ".join(
            f"{_x(float(x), low, high):.1f},{_y(float(y), top):.1f}"
            for name, x, y in rows
            if name == series
        )
        parts.append(
            f"<polyline points='{points}' fill='none' stroke='{color}' "
            "stroke-width='1.5'/>"
        )
        parts.append(_legend(number, str(series), color))
    return "".join(parts)


def _bars(panel: Panel, rows: Sequence[Row]) -> str:
    series = list(dict.fromkeys(str(row[0]) for row in rows))
    groups = list(dict.fromkeys(str(row[1]) for row in rows))
    top = max(float(y) for *_, y in rows)
    slot = (WIDTH - LEFT - RIGHT) / len(groups)
    thick = slot * 0.85 / len(series)
    parts = [_y_axis(top)]
    for name, group, value in rows:
        number = series.index(str(name))
        x = LEFT + groups.index(str(group)) * slot + number * thick
        y = _y(float(value), top)
        color = COLORS[number % len(COLORS)]
        parts.append(
            f"<rect x='{x:.1f}' y='{y:.1f}' width='{thick:.1f}' "
            f"height='{HEIGHT - BOTTOM - y:.1f}' fill='{color}'/>"
        )
        parts.append(_text(x, y - 2, f"{float(value):.3g}"))
    for number, group in enumerate(groups):
        x, y = LEFT + number * slot + 2, HEIGHT - BOTTOM + 8
        parts.append(
            f"<text x='{x:.1f}' y='{y}' transform='rotate(18 {x:.1f} {y})'>"
            f"{escape(group)}</text>"
        )
    if len(series) > 1:
        parts += [
            _legend(number, name, COLORS[number % len(COLORS)])
            for number, name in enumerate(series)
        ]
    return "".join(parts)


def _list(panel: Panel, rows: Sequence[Row]) -> str:
    """Draw one series as lying bars, for names that are long."""
    left = 150
    high = (HEIGHT - TOP - 10) / len(rows)
    top = max(float(value) for *_, value in rows) or 1.0
    parts = []
    for number, (_, name, value) in enumerate(rows):
        y = TOP + number * high
        wide = float(value) / top * (WIDTH - left - 56)
        parts.append(
            f"<rect x='{left}' y='{y:.1f}' width='{wide:.1f}' "
            f"height='{high * 0.8:.1f}' fill='{COLORS[0]}'/>"
        )
        parts.append(_text(4, y + high * 0.6, str(name)))
        parts.append(_text(left + wide + 4, y + high * 0.6, f"{float(value):.3g}"))
    return "".join(parts)


def _heat(panel: Panel, rows: Sequence[Row]) -> str:
    lines = list(dict.fromkeys(str(row[0]) for row in rows))
    columns = sorted({row[1] for row in rows})
    top = max(float(row[2]) for row in rows) or 1.0
    left = 66
    wide = (WIDTH - left - 8) / len(columns)
    high = (HEIGHT - TOP - BOTTOM - 22) / len(lines)
    parts = [
        _text(4, TOP + (number + 0.6) * high, line) for number, line in enumerate(lines)
    ]
    for line, column, value in rows:
        x = left + columns.index(column) * wide
        y = TOP + lines.index(str(line)) * high
        share = max(float(value) / top, 0)
        parts.append(
            f"<rect x='{x:.1f}' y='{y:.1f}' width='{wide - 1:.1f}' "
            f"height='{high - 1:.1f}' fill='#1f6f8b' fill-opacity='{share:.2f}'/>"
        )
        if len(columns) < 16:
            parts.append(_text(x + 3, y + high * 0.6, f"{float(value):.2g}"))
    for number, column in enumerate(columns):
        # names end below their column: to the right of the last there is no room
        x, y = left + (number + 0.8) * wide, HEIGHT - BOTTOM - 14
        parts.append(
            f"<text x='{x:.1f}' y='{y}' text-anchor='end' "
            f"transform='rotate(-32 {x:.1f} {y})'>"
            f"{escape(str(column))}</text>"
        )
    return "".join(parts)


def _x(value: float, low: float, high: float) -> float:
    return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - value / (top or 1) * (HEIGHT - TOP - BOTTOM)


def _y_axis(top: float) -> str:
    """Return grid lines and their values, from zero to the highest."""
    parts = []
    for step in range(5):
        value = top * step / 4
        y = _y(value, top)
        parts.append(
            f"<line x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{y:.1f}' y2='{y:.1f}' "
            "stroke='#ddd'/>" + _text(4, y + 3, f"{value:.3g}")
        )
    return "".join(parts)


def _legend(number: int, name: str, color: str) -> str:
    x, y = WIDTH - RIGHT + 6, TOP + 6 + number * 13
    mark = f"<rect x='{x}' y='{y - 7}' width='8' height='8' fill='{color}'/>"
    return mark + _text(x + 11, y, name)


def _text(x: float, y: float, words: str) -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}'>{escape(words)}</text>"


def render(html: str, out: Path) -> None:
    """Draw a page to a PNG.

    Raises:
        RuntimeError: There is no Chromium, or it drew nothing.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise RuntimeError("no chromium is installed to draw the page")
    rows = -(-len(PANELS) // COLUMNS)
    size = (COLUMNS * (WIDTH + 8) + 24, rows * (HEIGHT + 8) + 70)
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "page.html"
        source.write_text(html, encoding="utf-8")
        subprocess.run(
            [
                chromium,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                f"--user-data-dir={name}/profile",
                f"--window-size={size[0]},{size[1]}",
                f"--screenshot={out.resolve()}",
                source.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
    if not out.exists():
        raise RuntimeError(f"chromium drew nothing to {out}")


def main() -> None:
    """Simulate a shop and draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="PNG to write")
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--scenario", default="everyday")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        simulate(
            orders=asked.orders,
            days=asked.days,
            seed=asked.seed,
            start=date(2026, 1, 12),
            out=Path(name),
            period="month",
            world=world_of(asked.scenario, corrupted=0),
        )
        title = (
            f"{asked.scenario}: {asked.orders} orders, {asked.days} days, "
            f"seed {asked.seed}; categories {', '.join(CATEGORIES)}"
        )
        render(page(load(Path(name)), title), asked.out)


if __name__ == "__main__":
    main()
