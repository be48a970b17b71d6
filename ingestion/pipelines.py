"""Three dlt pipelines, one per domain, from spooled Arrow rows to the ``raw`` schema.

Every column is declared and frozen: dlt infers nothing, and a value of another type
stops the load before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import dlt
import pyarrow as pa
import pyarrow.feather as feather
from dlt.common.data_types.typing import TDataType
from dlt.common.schema.typing import TColumnSchema, TSchemaContractDict
from dlt.extract import DltResource

from ingestion.contract.catalogue import Catalogue
from ingestion.shop import Shop

RAW: Final = "raw"
EVENT_TABLES: Final = {
    "orders": "order_events",
    "payments": "payment_events",
    "returns": "return_events",
}
ROWS_PER_BATCH: Final = 200_000
BOOKS: Final = "orders"  # the pipeline that also keeps rejections and the ledger

_FROZEN: Final[TSchemaContractDict] = {
    "tables": "evolve",
    "columns": "freeze",
    "data_type": "freeze",
}
_LINEAGE: Final = {
    "landing_seq": "bigint",
    "landing_id": "text",
    "landed_file": "text",
    "line_number": "bigint",
    "content_hash": "text",
    "ingested_at": "timestamp",
    "first_landed_at": "timestamp",
    "fact_key": "text",
    "raw_values": "text",
    "extra": "text",
}
REJECTED_COLUMNS: Final = {
    "landing_seq": "bigint",
    "landing_id": "text",
    "landed_file": "text",
    "line_number": "bigint",
    "rejected_id": "text",
    "reason_code": "text",
    "reason": "text",
    "field": "text",
    "event_name": "text",
    "masked_line": "text",
    "source": "text",
    "rejected_at": "timestamp",
    "ingested_at": "timestamp",
    "replayed_at": "timestamp",
}
LANDING_COLUMNS: Final = {
    "landing_id": "text",
    "landing_seq": "bigint",
    "landed_file": "text",
    "content_hash": "text",
    "landed_at": "timestamp",
    "delivered": "bigint",
    "rejected": "bigint",
    "is_backfill": "bool",
}


def event_columns(catalogue: Catalogue, domain: str) -> dict[str, str]:
    """Return every column of a domain's raw table with its dlt type."""
    fields = {
        column.name: column.dlt
        for column in catalogue.domain_fields(domain)
        if column.name not in _LINEAGE
    }
    return {**_LINEAGE, **fields}


def pipeline(shop: Shop, name: str, *, dataset: str = RAW) -> dlt.Pipeline:
    """Open a pipeline into the shop's working file; nothing leaves the machine."""
    dlt.config["normalize.parquet_normalizer.add_dlt_load_id"] = True
    shop.folder.mkdir(parents=True, exist_ok=True)
    return dlt.pipeline(
        pipeline_name=name,
        destination=dlt.destinations.duckdb(str(shop.working)),
        dataset_name=dataset,
        pipelines_dir=str(shop.dlt),
    )


def drop_interrupted_loads(shop: Shop) -> None:
    """Forget packages that a dead process left; their files are read again."""
    for name in EVENT_TABLES:
        opened = pipeline(shop, name)
        if opened.has_pending_data:
            opened.abort_packages()


def load_events(
    shop: Shop,
    catalogue: Catalogue,
    domain: str,
    *,
    events: Mapping[str, Sequence[Path]],
    rejected: Sequence[Path] = (),
) -> None:
    """Append a domain's spooled rows, and rejected ones, to the raw tables.

    Args:
        shop: Whose working file.
        catalogue: Says the columns.
        domain: Names the pipeline.
        events: Event group -> its spooled Arrow files.
        rejected: Spooled files of rejected lines.
    """
    columns = event_columns(catalogue, domain)
    resources = [
        _resource(
            EVENT_TABLES[domain],
            columns,
            (table for paths in events.values() for table in batches(paths)),
        )
    ]
    if rejected or domain == BOOKS:
        resources.append(
            _resource("rejected_events", REJECTED_COLUMNS, batches(rejected))
        )
    _run(pipeline(shop, domain), resources)


def load_ledger(shop: Shop, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the ledger's rows: the mark that their files are landed whole."""
    table = pa.Table.from_pylist(list(rows), schema=_arrow_schema(LANDING_COLUMNS))
    _run(pipeline(shop, BOOKS), [_resource("landings", LANDING_COLUMNS, iter([table]))])


def load_source(shop: Shop, name: str, schema: str, tables: list[DltResource]) -> None:
    """Land a source's own tables with the pipeline named after it."""
    opened = pipeline(shop, name, dataset=schema)
    if opened.has_pending_data:
        opened.abort_packages()
    _run(opened, tables)


def batches(paths: Iterable[Path]) -> Iterator[pa.Table]:
    """Read spooled files of one event group as tables of bounded size."""
    held: list[pa.Table] = []
    for path in paths:
        table = feather.read_table(path)
        if held and sum(t.num_rows for t in held) + table.num_rows > ROWS_PER_BATCH:
            yield pa.concat_tables(held, promote_options="default")
            held = []
        held.append(table)
    if held:
        yield pa.concat_tables(held, promote_options="default")


def _run(opened: dlt.Pipeline, resources: list[DltResource]) -> None:
    info = opened.run(resources, loader_file_format="parquet")
    info.raise_on_failed_jobs()


def _resource(
    name: str, columns: Mapping[str, str], tables: Iterator[pa.Table]
) -> DltResource:
    def rows() -> Iterator[Any]:
        # an empty table is a table too: models read it. As Arrow, for rows of another
        # kind would give it columns that later Arrow rows lack
        yield _arrow_schema(columns).empty_table()
        yield from tables

    hints: dict[str, TColumnSchema] = {
        column: {
            "name": column,
            "data_type": cast(TDataType, kind),
            "nullable": True,
        }
        for column, kind in columns.items()
    }
    return cast(
        DltResource,
        dlt.resource(
            rows,
            name=name,
            columns=hints,
            write_disposition="append",
            schema_contract=_FROZEN,
        ),
    )


def _arrow_schema(columns: Mapping[str, str]) -> pa.Schema:
    types = {
        "text": pa.string(),
        "bigint": pa.int64(),
        "double": pa.float64(),
        "bool": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }
    return pa.schema([(name, types[kind]) for name, kind in columns.items()])
