"""A planted order that goes through every pipeline, and what became of it.

Five systems tell of it as they would of any other, each in a file of its own in the
landing zone; every line is marked synthetic, so no mart may show it. It is through when
every line has landed, stands among the facts of its one order, and a version that knows
of it is published without it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb
from filelock import FileLock

from dagster_project import published, shops
from dagster_project.arrivals import landing_zone
from ingestion.contract.catalogue import load_catalogue
from ingestion.lock import hold
from ingestion.shop import Shop

FOLDER: Final = "canary"
RECORD: Final = "canaries.json"
LOCK: Final = "canaries.lock"
KEPT: Final = 50

LOST_AFTER: Final = timedelta(hours=1)
"""Four times the quarter of an hour in which a file is landed, built and published."""

SYSTEMS: Final = ("orders", "payments", "warehouse", "carrier", "returns")
AMOUNT_MINOR: Final = 10000
CURRENCY: Final = "INR"
SKU: Final = "CANARY"

# columns by which a row would tell whose it is
NAMING: Final = (
    "order_id",
    "order_line_id",
    "payment_id",
    "shipment_id",
    "return_line_id",
    "refund_id",
    "customer_id",
    "entity_id",
    "sku",
    "source",
)

WAITING: Final = "waiting"
THROUGH: Final = "through"
LOST: Final = "lost"
LEAKED: Final = "leaked"


@dataclass(frozen=True)
class Canary:
    """A planted order and how far it has come.

    Attributes:
        order_id: Its id; every other id of it begins with it.
        planted_at: When its files were written, UTC.
        state: ``waiting``, ``through``, ``lost`` (an hour has passed) or ``leaked``.
        landed_at: When the last of its lines landed, UTC.
        published_at: When the first version that knows of it was published, UTC.
        missing: Events not accounted for, each with the step it did not reach.
        leaked: Published tables that show it.
    """

    order_id: str
    planted_at: datetime
    state: str = WAITING
    landed_at: datetime | None = None
    published_at: datetime | None = None
    missing: tuple[str, ...] = ()
    leaked: tuple[str, ...] = ()

    @property
    def seconds(self) -> float | None:
        """From landing to publication, in seconds; ``None`` before."""
        if self.landed_at is None or self.published_at is None:
            return None
        return (self.published_at - self.landed_at).total_seconds()

    @property
    def trouble(self) -> str:
        """What became of one that is lost or leaked, in words."""
        return ", ".join(
            self.leaked or self.missing or ("nothing was published since",)
        )

    def state_at(self, now: datetime) -> str:
        """Return its state: one that waits for an hour is lost, looked after or not."""
        is_late = now - self.planted_at > LOST_AFTER
        return LOST if self.state == WAITING and is_late else self.state


def plant(shop: Shop, *, now: datetime) -> Canary:
    """Write a canary's files into the landing zone, whole or not at all.

    Planting twice in one second is planting once.

    Args:
        shop: A shop that events of its own have landed in.
        now: The time of planting, UTC.

    Raises:
        ShopError: The folder holds the embedded sample, or nothing yet.
    """
    if shops.kind_of(shop) != "own":
        raise shops.ShopError(
            f"{shop.folder} holds no events of your own, so nothing lands there by "
            "itself that a canary could follow"
        )
    canary = Canary(f"canary-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}", now)
    zone = landing_zone(shop) / FOLDER
    zone.mkdir(parents=True, exist_ok=True)
    with _record_held(shop):
        # known before it is there: one whose files never came is lost, not unheard of
        _keep(shop, {**known(shop), canary.order_id: canary})
    told = events_of(canary)
    for system in SYSTEMS:
        lines = [event for event in told if event["source"] == f"canary:{system}"]
        text = "".join(json.dumps(event) + "\n" for event in lines)
        path = _file(shop, canary, system)
        draft = path.with_suffix(".making")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    return canary


def check(shop: Shop, *, now: datetime) -> tuple[Canary, ...]:
    """Look where each canary that was still on its way has come to.

    Files of those that are through are taken out of the landing zone.

    Args:
        shop: The shop they were planted in.
        now: The time of looking, UTC.

    Returns:
        Those that are remembered, the oldest first.

    Raises:
        ShopLockedError: Another process works on the shop.
    """
    with hold(shop, "check the canary"), _record_held(shop):
        kept = known(shop)
        for canary in kept.values():
            if canary.state != THROUGH:
                kept[canary.order_id] = _looked_after(shop, canary, now)
        _keep(shop, kept)
    for canary in kept.values():
        if canary.state == THROUGH:
            for system in SYSTEMS:
                _file(shop, canary, system).unlink(missing_ok=True)
    return tuple(kept.values())


def known(shop: Shop) -> dict[str, Canary]:
    """Return the canaries that are remembered by order id, the oldest first."""
    try:
        kept = json.loads((shop.folder / FOLDER / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {each["order_id"]: _read(each) for each in kept}


def failing(canaries: Sequence[Canary], now: datetime) -> list[Canary]:
    """Return those lost or leaked since the last that came through."""
    found: list[Canary] = []
    for canary in canaries:
        state = canary.state_at(now)
        if state == THROUGH:
            found = []
        elif state in (LOST, LEAKED):
            found.append(replace(canary, state=state))
    return found


def events_of(canary: Canary) -> list[dict[str, Any]]:
    """Return the canary's story: bought, paid, packed, delivered, returned, refunded.

    It ends when it was planted, and is the same each time it is told.
    """
    order, line = canary.order_id, f"{canary.order_id}-1"
    money = {"amount_minor": AMOUNT_MINOR, "currency": CURRENCY}
    payment = {"payment_id": f"{order}-p", **money}
    paid = {**payment, "payment_method": "card", "gateway": "canary"}
    item = {"order_line_id": line, "sku": SKU, "quantity": 1}
    held = {**item, "location_id": "CANARY"}
    handed = {"fulfillment_order_id": f"{order}-f"}
    gates = ("payment", "fraud", "inventory", "address", "promise")
    ready = {**handed, **{f"is_{gate}_gate_passed": True for gate in gates}}
    parcel = {"shipment_id": f"{order}-s", "carrier": "canary"}
    returned = {"return_line_id": f"{order}-r", "sku": SKU, "quantity": 1}
    refund = {**payment, "refund_id": f"{order}-b", "is_partial": False}
    placed = {
        "customer_id": f"{order}-c",
        "currency": CURRENCY,
        "total_minor": AMOUNT_MINOR,
        "payment_mode": "prepaid",
        "lines": [{**item, "unit_price_minor": AMOUNT_MINOR}],
    }
    shipped = {**parcel, "lines": [item], "is_partial": False}
    story: list[tuple[str, str, Mapping[str, Any]]] = [
        ("orders", "order_placed", placed),
        ("payments", "payment_authorized", {**paid, "attempt_no": 1}),
        (
            "payments",
            "payment_captured",
            {**paid, "capture_id": f"{order}-p1", "is_partial": False},
        ),
        ("warehouse", "inventory_reserved", {**held, "reservation_id": f"{order}-h"}),
        ("warehouse", "fulfillment_ready", ready),
        ("warehouse", "item_packed", {**held, **handed}),
        ("carrier", "shipment_shipped", shipped),
        ("carrier", "shipment_delivered", parcel),
        ("returns", "return_initiated", {**returned, "reason_code": "other"}),
        ("returns", "return_approved", {**returned, "decided_by": "rule"}),
        ("returns", "return_received", returned),
        (
            "payments",
            "refund_initiated",
            {
                **refund,
                "refund_cause": "return",
                "refund_destination": "original_method",
            },
        ),
        ("payments", "refund_completed", refund),
    ]
    first = canary.planted_at - timedelta(seconds=len(story))
    return [
        {
            "event_name": name,
            "source": f"canary:{system}",
            "occurred_at": (first + timedelta(seconds=number)).isoformat(),
            "order_id": order,
            "is_synthetic": True,
            **fields,
        }
        for number, (system, name, fields) in enumerate(story, start=1)
    ]


def _looked_after(shop: Shop, canary: Canary, now: datetime) -> Canary:
    """Return how far a canary has come."""
    expected = [event["event_name"] for event in events_of(canary)]
    landed, standing, landed_at = _in_working(shop, canary)
    missing = tuple(
        f"{name}: {'no fact' if name in landed else 'not landed'}"
        for name in expected
        if name not in standing
    )
    version = None
    if landed_at is not None and not missing:
        version = _first_that_knows(shop, landed_at)
    leaked = _tables_that_show(shop, canary)
    if leaked:
        state = LEAKED
    elif version is not None:
        state = THROUGH
    else:
        state = WAITING
    looked = replace(
        canary,
        state=state,
        landed_at=landed_at,
        published_at=version.published_at if version else None,
        missing=missing,
        leaked=leaked,
    )
    return replace(looked, state=looked.state_at(now))


def _in_working(
    shop: Shop, canary: Canary
) -> tuple[set[str], set[str], datetime | None]:
    """Return the events that landed, those that are facts of it, and when they landed.

    A fact is one of a test order: that link is what keeps all of it out of marts.
    """
    if not shop.working.exists():
        return set(), set(), None
    views = load_catalogue().event_views.values()
    each = " union all ".join(
        "select event_name, content_hash, ingested_at, is_synthetic "
        f"from raw.{view} where order_id = $order_id"
        for view in views
    )
    named = {"order_id": canary.order_id}
    with duckdb.connect(str(shop.working), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = _rows(connection, each, named)
        stood = _rows(
            connection,
            f"""
            select distinct landed.event_name
            from ({each}) as landed
            inner join intermediate.int_event_copies as copies
                on landed.content_hash = copies.content_hash
            inner join intermediate.int_order_links as links
                on 'order:' || $order_id = links.link_key
            where landed.is_synthetic
                and links.is_test_order
                and copies.fact_id is not null
            """,
            named,
        )
    landed = {name for name, *_ in found}
    landed_at = max((at for _, _, at, _ in found), default=None)
    return landed, {name for (name,) in stood}, landed_at


def _rows(
    connection: duckdb.DuckDBPyConnection, query: str, named: Mapping[str, str]
) -> list[Any]:
    """Return the rows of a query; none while its tables are not there yet."""
    try:
        return connection.execute(query, named).fetchall()
    except duckdb.CatalogException:
        return []


def _first_that_knows(shop: Shop, landed_at: datetime) -> published.Version | None:
    """Return the first version kept whose clock is not before a landing."""
    knowing = [
        version
        for version in published.versions(shop.published)
        if version.as_of >= landed_at
    ]
    return min(knowing, key=lambda version: version.published_at, default=None)


def _tables_that_show(shop: Shop, canary: Canary) -> tuple[str, ...]:
    """Return the published tables with a row that names the canary or its systems."""
    try:
        _, connection = published.connect_current(shop.published)
    except published.NothingPublishedError:
        return ()
    shown = []
    with connection:
        columns = connection.execute(
            """
            select schema_name || '.' || table_name, list(column_name)
            from duckdb_columns()
            where column_name in (select unnest($naming))
                and data_type = 'VARCHAR'
            group by all
            order by all
            """,
            {"naming": list(NAMING)},
        ).fetchall()
        for table, names in columns:
            shows = " or ".join(
                "source like 'canary:%'"
                if name == "source"
                else f"starts_with({name}, $order_id)"
                for name in names
            )
            is_shown = connection.execute(
                f"select count(*) > 0 from {table} where {shows}",
                {"order_id": canary.order_id} if set(names) - {"source"} else {},
            ).fetchall()
            if is_shown == [(True,)]:
                shown.append(table)
    return tuple(shown)


def _file(shop: Shop, canary: Canary, system: str) -> Path:
    return landing_zone(shop) / FOLDER / f"{canary.order_id}-{system}.jsonl"


def _record_held(shop: Shop) -> FileLock:
    """Return the lock under which what is remembered is read and written."""
    (shop.folder / FOLDER).mkdir(parents=True, exist_ok=True)
    return FileLock(shop.folder / FOLDER / LOCK)


def _keep(shop: Shop, canaries: Mapping[str, Canary]) -> None:
    """Remember the last canaries, replacing the file in one step."""
    path = shop.folder / FOLDER / RECORD
    path.parent.mkdir(parents=True, exist_ok=True)
    described = [asdict(each) for each in list(canaries.values())[-KEPT:]]
    draft = path.with_suffix(".making")
    draft.write_text(
        json.dumps(described, indent=2, default=datetime.isoformat) + "\n",
        encoding="utf-8",
    )
    draft.replace(path)


def _read(kept: Mapping[str, Any]) -> Canary:
    times = {
        name: datetime.fromisoformat(kept[name]) if kept[name] else None
        for name in ("planted_at", "landed_at", "published_at")
    }
    lists = {name: tuple(kept[name]) for name in ("missing", "leaked")}
    return Canary(**{**kept, **times, **lists})
