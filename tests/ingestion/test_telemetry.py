"""Landing reports nothing home, whatever of dlt is touched first."""

from __future__ import annotations

import json
import subprocess
import sys

LANDING = """
import sys

called = []


def listen(event, arguments):
    if event == "socket.getaddrinfo" and arguments[0] not in (None, "localhost"):
        called.append(str(arguments[0]))


sys.addaudithook(listen)

from datetime import UTC, datetime
from pathlib import Path

from ingestion.landing import land_files
from ingestion.shop import Shop
import dlt

# a source makes its resources before any pipeline is there
list(dlt.resource([{"id": 1}], name="made_first"))
folder = Path(sys.argv[1])
shop = Shop(folder / "shop", hash_key="a test's key")
land_files([folder / "scan.jsonl"], shop=shop, landed_at=datetime.now(UTC))
print(called)
"""


def test_a_resource_before_a_pipeline_changes_nothing(root, tmp_path):
    scan = {
        "event_name": "shipment_delivered",
        "source": "courier:acme",
        "occurred_at": "2026-03-01T10:00:00Z",
        "shipment_id": "S-1",
    }
    (tmp_path / "scan.jsonl").write_text(json.dumps(scan) + "\n")
    done = subprocess.run(
        [sys.executable, "-c", LANDING, str(tmp_path)],
        cwd=root,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"
