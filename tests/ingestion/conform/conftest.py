"""A dump to ask about."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ingestion.conform.conformity import conform

JUDGED_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def answer_to():
    """Ask whether paths would do."""

    def asked(*paths, **options):
        return conform(list(paths), **{"judged_at": JUDGED_AT, **options})

    return asked


@pytest.fixture
def answer_to_lines(answer_to, write):
    """Ask whether lines would do; objects are written as JSON."""

    def asked(*lines, **options):
        texts = [each if isinstance(each, str) else json.dumps(each) for each in lines]
        return answer_to(write("dump.jsonl", texts), **options)

    return asked


@pytest.fixture
def delivery():
    """A line that keeps the contract, with changes; a key set to None is left out."""

    def line(**changes):
        told = {
            "event_name": "shipment_delivered",
            "source": "courier:acme",
            "occurred_at": "2026-03-01T10:00:00+05:30",
            "shipment_id": "S-1",
            **changes,
        }
        return {key: value for key, value in told.items() if value is not None}

    return line
