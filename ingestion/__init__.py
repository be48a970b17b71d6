"""Landing: event files and source tables become judged rows in ``raw``.

Pure dlt and DuckDB. Nothing here imports Dagster; the linter says so.
"""
