"""Switches off what the tools report home, in this process and its children."""

from __future__ import annotations

from collections.abc import MutableMapping

OFF = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "DAGSTER_DISABLE_TELEMETRY": "true",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
}


def switch_off(environment: MutableMapping[str, str]) -> None:
    """Tell every tool, through its own variable, to report nothing.

    Args:
        environment: Of the process that will import the tools.
    """
    environment.update(OFF)
