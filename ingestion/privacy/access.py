"""What the warehouse holds of one subject, from the lines that landed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import duckdb
import yaml

from ingestion.contract.catalogue import Catalogue
from ingestion.judge import text
from ingestion.landing import quarantine, raw
from ingestion.lock import hold
from ingestion.privacy import subjects
from ingestion.privacy.identifiers import CUSTOMER, words
from ingestion.shop import Shop

PURPOSES_FILE: Final = Path(__file__).with_name("purposes.yml")

Record = dict[str, Any]

# how a line came to be here; of the subject it says nothing
_LINEAGE: Final = ("hash_1", "hash_2", "landing_seq", "file_number", "fact_key")


@dataclass(frozen=True)
class Holding:
    """What landed of a subject.

    Attributes:
        identifiers: Kind -> ids under which the subject is known.
        events: Every landed line of theirs, with what it is held for.
        rejected: Lines that were refused and name them: where each came from, and why.
        quarantined: How many of those are kept in full, until their days are over.
    """

    identifiers: dict[str, list[str]]
    events: list[Record]
    rejected: list[Record]
    quarantined: int


@cache
def purposes() -> dict[str, dict[str, str]]:
    """Return event group -> what its lines are held for, on which basis, how long."""
    read = yaml.safe_load(PURPOSES_FILE.read_text(encoding="utf-8"))
    return {
        group: {key: body[key] for key in ("purpose", "legal_basis")}
        for body in read
        for group in body["groups"]
    }


def holding(shop: Shop, catalogue: Catalogue, customer_id: str) -> Holding:
    """Collect what landed of a customer.

    Raises:
        ShopLockedError: Another process works on the shop.
    """
    with hold(shop, "answer a subject"):
        if not shop.working.exists():
            return Holding({}, [], [], 0)
        with raw.opened(shop) as connection:
            database = _database(connection)
            tables = subjects.landed_tables(connection, catalogue, database)
            subjects.begin(connection, [(CUSTOMER, customer_id)])
            subjects.follow(connection, tables)
            identifiers: dict[str, list[str]] = {}
            for kind, value in subjects.own(connection):
                identifiers.setdefault(kind, []).append(value)
            names = {value for values in identifiers.values() for value in values}
            events = [event for table in tables for event in _events(connection, table)]
            rejected = _rejected(connection, names)
        kept = _quarantined(shop, [line["rejected_id"] for line in rejected])
    events.sort(key=lambda event: (event["occurred_at"], event["event_name"]))
    if not events and not rejected:
        return Holding({}, [], [], 0)
    return Holding(identifiers, events, rejected, kept)


def _events(
    connection: duckdb.DuckDBPyConnection, table: subjects.LandedTable
) -> list[Record]:
    group = table.name.rpartition(".landed_")[2]
    cursor = connection.execute(
        f"select landed.*, ledger.landed_file from {table.name} as landed "
        f"inner join {raw.RAW}.{raw.LEDGER} as ledger using (landing_seq, file_number) "
        f"where {table.is_of_subjects()}"
    )
    names = [column[0] for column in cursor.description or []]
    return [
        {
            name: value
            for name, value in zip(names, row, strict=True)
            if value is not None and name not in _LINEAGE
        }
        | purposes()[group]
        for row in cursor.fetchall()
    ]


def _rejected(connection: duckdb.DuckDBPyConnection, names: set[str]) -> list[Record]:
    if raw.REJECTED not in raw.tables_of(connection, _database(connection)):
        return []
    cursor = connection.execute(
        f"select rejected_id, landed_file, line_number, event_name, source, "
        f"reason_code, rejected_at, masked_line from {raw.RAW}.{raw.REJECTED} "
        "order by landed_file, line_number"
    )
    columns = [column[0] for column in cursor.description or []]
    lines = (dict(zip(columns, row, strict=True)) for row in cursor.fetchall())
    return [line for line in lines if names & set(words(line["masked_line"]))]


def _quarantined(shop: Shop, rejected_ids: list[str]) -> int:
    paths = [str(path) for path in quarantine.quarantined(shop)]
    if not paths or not rejected_ids:
        return 0
    with duckdb.connect(":memory:") as connection:
        ((count,),) = connection.execute(
            "select count(*) from read_parquet($paths) "
            f"where rejected_id in ({text.listed(rejected_ids)})",
            {"paths": paths},
        ).fetchall()
    return int(count)


def _database(connection: duckdb.DuckDBPyConnection) -> str:
    return str(connection.execute("select current_database()").fetchall()[0][0])
