"""Which lines were stored before: an identical repeat is counted, not stored."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb

from ingestion.pipelines import EVENT_TABLES, RAW

_KEY: Final = "cast(left({column}, 32) as uuid)"  # 128 bits of the content hash


class Repeats:
    """Remembers content hashes, of the warehouse and of this load, beside the judge.

    ``tables`` names the raw tables there are, once the working file was read. Lines
    stored by an interrupted landing of the same file are not repeats: they are
    that file's own rows, and the next landing of it counts them as stored.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Create the tables of memory in the judge's database."""
        self._connection = connection
        for table in ("known_accepted", "known_rejected"):
            self._run(f"create table {table} (key uuid)")
        self._run(
            "create table own_rows (key uuid, landing_id varchar, is_rejected boolean)"
        )
        self._run("create table known_files (landing_id varchar)")
        self.tables: frozenset[str] = frozenset()

    def recall(self, working: Path) -> int:
        """Read what the working file holds; return the last landing's number."""
        if not working.exists():
            return 0
        self._run(
            f"attach '{str(working).replace(chr(39), chr(39) * 2)}' "
            "as working (read_only)"
        )
        try:
            return self._recall()
        finally:
            self._run("detach working")

    def _recall(self) -> int:
        tables = {
            name
            for (name,) in self._connection.execute(
                "select table_name from duckdb_tables() "
                f"where database_name = 'working' and schema_name = '{RAW}'"
            ).fetchall()
        }
        self.tables = frozenset(tables)
        numbers: list[int | None] = [0]
        if "landings" in tables:
            self._run(
                "insert into known_files "
                f"select distinct landing_id from working.{RAW}.landings"
            )
        sources = dict.fromkeys(EVENT_TABLES.values(), "content_hash")
        for table, column in {**sources, "rejected_events": "rejected_id"}.items():
            if table not in tables:
                continue
            is_rejected = table == "rejected_events"
            memory = "known_rejected" if is_rejected else "known_accepted"
            key, stored = _KEY.format(column=column), f"working.{RAW}.{table}"
            self._run(f"insert into {memory} select {key} from {stored}")
            self._run(
                f"insert into own_rows select {key}, landing_id, {is_rejected} "
                f"from {stored} anti join known_files using (landing_id)"
            )
            numbers += self._column(f"select max(landing_seq) from {stored}")
        if "landings" in tables:
            numbers += self._column(
                f"select max(landing_seq) from working.{RAW}.landings"
            )
        return max(number or 0 for number in numbers)

    def is_landed(self, landing_id: str) -> bool:
        """Say whether the ledger holds a file of this name and content."""
        return bool(
            self._connection.execute(
                "select count(*) from known_files where landing_id = $landing_id",
                {"landing_id": landing_id},
            ).fetchall()[0][0]
        )

    def strike(self) -> list[tuple[int, int, int]]:
        """Take repeats out of ``fresh_lines``.

        Returns:
            File number, stored rows and rejected rows that an interrupted landing of
            the same file left behind.
        """
        key = _KEY.format(column="content_hash")
        self._run(
            f"""
            create or replace temp table first_lines as
            select
                {key} as key,
                min(row_id) as row_id
            from fresh_lines
            group by key
            """
        )
        self._run(
            """
            create or replace temp table left_rows as
            select
                own_rows.*,
                fresh_lines.file_number
            from own_rows
            inner join first_lines using (key)
            inner join fresh_lines using (row_id)
            inner join landing_files using (file_number, landing_id)
            """
        )
        self._run(
            "delete from own_rows where (key, is_rejected) in "
            "(select (key, is_rejected) from left_rows)"
        )
        self._run(
            """
            create or replace temp table struck_keys as
            select key from known_accepted
            where key in (select key from first_lines)
            union all
            select key from left_rows
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
        return self._connection.execute(
            """
            select
                file_number,
                count(*) filter (not is_rejected),
                count(*) filter (is_rejected)
            from left_rows
            group by file_number
            """
        ).fetchall()

    def strike_rejected(self) -> None:
        """Take rejections kept before out of ``refused_lines``; remember the batch."""
        key = _KEY.format(column="fresh_lines.content_hash")
        self._run(
            f"""
            insert into known_accepted
            select {key} from fresh_lines anti join refused_lines using (row_id)
            """
        )
        self._run(
            f"""
            create or replace temp table refused_lines as
            select refused_lines.*
            from refused_lines
            inner join fresh_lines using (row_id)
            where {key} not in (
                select key from known_rejected
                where key in (select key from first_lines)
            )
            """
        )
        self._run(
            f"""
            insert into known_rejected
            select {key} from refused_lines inner join fresh_lines using (row_id)
            """
        )

    def _column(self, query: str) -> list[int | None]:
        return [row[0] for row in self._connection.execute(query).fetchall()]

    def _run(self, statement: str) -> None:
        self._connection.execute(statement).fetchall()
