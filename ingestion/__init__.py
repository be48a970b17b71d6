"""Landing: event files and source tables become judged rows in ``raw``.

Pure dlt and DuckDB. Nothing here imports Dagster; the linter says so.

dlt decides once per process, at whatever touches it first, whether it reports home:
a resource made before a pipeline is enough. So it is told before it can be imported.
"""

import os

os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
