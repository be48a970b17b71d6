"""The Complete Journey: a year of baskets of a grocer's households, 2017.

The export has one row per basket: who, when, how many products and for how much. Which
products they were is not in it. ``events.sql`` says what a row means as events.
"""

from __future__ import annotations

from importlib import resources as package_files
from pathlib import Path

from dlt.extract import DltResource

from ingestion.sources.exports import ExportTable, export_resource

SCHEMA = "raw_complete_journey"

# the times of the export have no offset; they run through hours that the clocks of the
# stores skipped in spring, and fit them five hours later: they are UTC
DECLARED = {
    "complete_journey:baskets": {"time_zone": "UTC", "currency": "USD"},
}

TABLES = (
    ExportTable(
        name="baskets",
        stem="baskets*",
        columns=("household_id", "basket_id", "ts", "lines", "sales_value"),
    ),
)


def resources(folder: Path, *, hash_key: str) -> list[DltResource]:
    """Make the dlt resource of the one table of the export in a folder.

    Args:
        folder: Holds the file, whose name begins with ``baskets``.
        hash_key: Secret that keys the hashes of personal data.

    Raises:
        ExportError: The file is absent, there twice, damaged or of another shape.
    """
    return [export_resource(table, folder, hash_key=hash_key) for table in TABLES]


def lines_query() -> str:
    """Return the select of (landed_file, line_number, line) over its schema."""
    return package_files.files(__name__).joinpath("events.sql").read_text("utf-8")
