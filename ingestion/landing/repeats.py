"""Which lines were stored before: an identical repeat is counted, not stored."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb

from ingestion.judge import text
from ingestion.landing import raw

_KEY: Final = "cast({column} as uuid)"  # a content hash in 16 bytes


class Repeats:
    """Knows the lines of the warehouse and of this load, beside the judge.

    The warehouse is asked batch by batch, so that memory does not grow with it: first
    by the 64 bits that its rows keep as a number, then by the whole hash.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, working: Path | None
    ) -> None:
        """Create the tables of memory in the judge's database.

        Args:
            connection: The judge's.
            working: The warehouse, attached until :meth:`forget`; None where there is
                none yet.
        """
        self._connection = connection
        self._is_attached = working is not None
        self._landed: list[str] = []
        self._rejected: list[str] = []
        for table in ("load_accepted", "load_rejected"):
            raw.run(connection, f"create or replace table {table} (key uuid)")
        if working is not None:
            raw.run(
                connection,
                f"attach {text.quoted(str(working))} as working (read_only)",
            )
            tables = raw.tables_of(connection, "working")
            self._landed = raw.landed_tables(tables)
            self._rejected = sorted({raw.REJECTED} & tables)

    def forget(self) -> None:
        """Let go of the warehouse, so that it can be written."""
        if self._is_attached:
            raw.run(self._connection, "detach working")
            self._is_attached = False

    def strike(self) -> None:
        """Take repeats of accepted lines out of ``fresh_lines``."""
        key = _KEY.format(column="content_hash")
        line_key = text.hash_number("content_hash")
        self._run(
            f"""
            create or replace temp table first_lines as
            select
                {key} as key,
                min(row_id) as row_id,
                any_value({line_key}) as line_key
            from fresh_lines
            group by {key}
            """
        )
        stored = " union all ".join(
            f"select content_hash from working.{raw.RAW}.{table} "
            f"where {raw.LINE_KEY} in (select line_key from first_lines)"
            for table in self._landed
        )
        from_warehouse = f"union all select {key} from ({stored})" if stored else ""
        self._run(
            f"""
            create or replace temp table struck_keys as
            select key from load_accepted
            where key in (select key from first_lines)
            {from_warehouse}
            """
        )
        self._run(
            """
            delete from fresh_lines
            where row_id not in (
                select row_id from first_lines anti join struck_keys using (key)
            )
            """
        )

    def strike_rejected(self) -> None:
        """Take rejections kept before out of ``refused_lines``; remember the batch."""
        key = _KEY.format(column="fresh_lines.content_hash")
        self._run(
            f"""
            insert into load_accepted
            select {key} from fresh_lines anti join refused_lines using (row_id)
            """
        )
        hashes = "select content_hash from refused_hashes"
        self._run(
            """
            create or replace temp table refused_hashes as
            select row_id, content_hash
            from refused_lines inner join fresh_lines using (row_id)
            """
        )
        stored = " union all ".join(
            f"select rejected_id from working.{raw.RAW}.{table} "
            f"where rejected_id in ({hashes})"
            for table in self._rejected
        )
        kept = _KEY.format(column="rejected_id")
        from_warehouse = f"union all select {kept} from ({stored})" if stored else ""
        own = _KEY.format(column="content_hash")
        self._run(
            f"""
            delete from refused_lines
            where row_id in (
                select row_id from refused_hashes
                where {own} in (select key from load_rejected {from_warehouse})
            )
            """
        )
        self._run(
            f"""
            insert into load_rejected
            select {own} from refused_hashes semi join refused_lines using (row_id)
            """
        )

    def _run(self, statement: str) -> None:
        raw.run(self._connection, statement)
