"""A judge to put lines before."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from ingestion.contract.catalogue import load_catalogue
from ingestion.judge.judge import FAULT, LINES_SCHEMA, Judge, Terms

# the key of the reference judge, so that both give the same hashes
HASH_KEY = "test-key-not-for-production"
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def identified(rows):
    """Accepted rows as the raw views show them: by their key where no id was sent."""
    for row in rows.to_pylist():
        row["event_id"] = row.get("event_id") or row["fact_key"]
        yield row


@pytest.fixture
def verdicts():
    """Judge lines: line number -> accepted row, or rejected row with a reason."""

    def judged(lines, *, faults=None, catalogue=None, batch_rows=None, **terms):
        terms = Terms(**{"hash_key": HASH_KEY, "landed_at": NOW, **terms})
        count = len(lines)
        table = pa.table(
            [
                range(count),
                [0] * count,
                range(1, count + 1),
                lines,
                faults or [None] * count,
            ],
            schema=LINES_SCHEMA.append(FAULT),
        )
        with Judge(catalogue or load_catalogue(), terms) as judge:
            rows = []
            for start in range(0, count, batch_rows or count):
                judge.read(table.slice(start, batch_rows or count))
                rows += [row for a in judge.accepted() for row in identified(a.rows)]
                rows += judge.rejected().to_pylist()
        assert sorted(row["line_number"] for row in rows) == list(range(1, count + 1))
        return {row["line_number"]: row for row in rows}

    return judged
