"""Which lines came before: an identical repeat is counted, not stored."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType

import duckdb
import pyarrow as pa

from ingestion.judge import text
from ingestion.landing import raw


class Repeats:
    """Knows the lines of the warehouse and of this load, in a database of its own.

    The warehouse is asked batch by batch, so that memory does not grow with it.
    """

    def __init__(self, working: Path | None) -> None:
        """Open the database, and in it the warehouse, where there is one yet."""
        self._connection = duckdb.connect(":memory:")
        self._turn = threading.Lock()
        self._landed: list[str] = []
        self._rejected: list[str] = []
        self._run("create table load_lines (hash_1 bigint, hash_2 bigint)")
        if working is not None:
            self._run(f"attach {text.quoted(str(working))} as working (read_only)")
            tables = raw.tables_of(self._connection, "working")
            self._landed = raw.landed_tables(tables)
            self._rejected = sorted({raw.REJECTED} & tables)

    def __enter__(self) -> Repeats:
        """Return itself; leaving lets go of the warehouse."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the database."""
        self._connection.close()

    def first(self, hashes: pa.Table) -> pa.Table:
        """Return which lines of a batch were neither stored nor in this load before.

        A line that this load refused is refused again, whatever file repeats it; one
        that an earlier load refused may keep the contract now and counts as new.

        Args:
            hashes: row_id, hash_1 and hash_2 of each line.

        Returns:
            Column row_id.
        """
        # the first number alone finds nearly every row that is none
        stored = " ".join(
            f"union all select hash_1, hash_2 from working.{raw.RAW}.{table} "
            f"where hash_1 in (select hash_1 from first_lines)"
            for table in self._landed
        )
        with self._turn:
            self._take(
                "first_lines",
                hashes,
                """
                select
                    hash_1,
                    hash_2,
                    min(row_id) as row_id
                from incoming
                group by hash_1, hash_2
                """,
            )
            self._run(
                f"""
                create or replace temp table known as
                select hash_1, hash_2
                from load_lines
                semi join first_lines using (hash_1, hash_2)
                {stored}
                """
            )
            self._run(
                "insert into load_lines select hash_1, hash_2 "
                "from first_lines anti join known using (hash_1, hash_2)"
            )
            return self._connection.sql(
                "select row_id from first_lines anti join known using (hash_1, hash_2)"
            ).to_arrow_table()

    def unkept(self, rejected: pa.Table) -> pa.Table:
        """Return the rows of rejected lines that no earlier load kept.

        Args:
            rejected: Rows with ``rejected_id``.
        """
        stored = " union all ".join(
            f"select rejected_id from working.{raw.RAW}.{table}"
            for table in self._rejected
        )
        if not stored:
            return rejected
        with self._turn:
            self._take("rejected_lines", rejected, "select * from incoming")
            return self._connection.sql(
                f"select * from rejected_lines "
                f"where rejected_id not in ("
                f"select rejected_id from ({stored}) "
                f"where rejected_id in (select rejected_id from rejected_lines))"
            ).to_arrow_table()

    def _take(self, table: str, rows: pa.Table, query: str) -> None:
        self._connection.register("incoming", rows)
        self._run(f"create or replace temp table {table} as {query}")
        self._connection.unregister("incoming")

    def _run(self, statement: str) -> None:
        raw.run(self._connection, statement)
