"""Online Retail, a British gift wholesaler: the rows of its invoices, 2010 to 2011.

The export has one row per invoiced product, of sales, credit notes and stock write-offs
alike. ``events.sql`` says what each row means as events.
"""

from __future__ import annotations

from importlib import resources as package_files
from pathlib import Path

from dlt.extract import DltResource

from ingestion.sources.exports import ExportTable, export_resource

SCHEMA = "raw_online_retail"

# the export writes local times without an offset and amounts without a currency
DECLARED = {
    "online_retail:invoices": {"time_zone": "Europe/London", "currency": "GBP"},
}

TABLES = (
    ExportTable(
        name="invoice_rows",
        stem="online_retail*",
        columns=(
            "InvoiceNo",
            "StockCode",
            "Description",
            "Quantity",
            "InvoiceDate",
            "UnitPrice",
            "CustomerID",
            "Country",
        ),
    ),
)


def resources(folder: Path, *, hash_key: str) -> list[DltResource]:
    """Make the dlt resource of the one table of the export in a folder.

    Args:
        folder: Holds the file, whose name begins with ``online_retail``.
        hash_key: Secret that keys the hashes of personal data.

    Raises:
        ExportError: The file is absent, there twice, damaged or of another shape.
    """
    return [export_resource(table, folder, hash_key=hash_key) for table in TABLES]


def lines_query() -> str:
    """Return the select of (landed_file, line_number, line) over its schema."""
    return package_files.files(__name__).joinpath("events.sql").read_text("utf-8")
