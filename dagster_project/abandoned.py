"""Ends runs in Dagster's records whose process is gone, before Dagster starts again.

The processes of runs are children of Dagster's daemon. Where the machine went down with
it, its records say for ever that they run, and the one place on the warehouse stays
taken. ``python -m dagster_project.abandoned`` is what the service does first.
"""

from __future__ import annotations

import sys

import dagster as dg

RUNNING = (
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


def end_abandoned(instance: dg.DagsterInstance) -> list[str]:
    """Mark every run in progress as failed; call it only where no daemon runs.

    The failures are told like any other.

    Args:
        instance: Dagster's records.

    Returns:
        The ids of the runs.
    """
    abandoned = instance.get_runs(dg.RunsFilter(statuses=list(RUNNING)))
    for run in abandoned:
        instance.report_run_failed(run, "Dagster ended while it ran, and it with it")
    return [run.run_id for run in abandoned]


if __name__ == "__main__":
    with dg.DagsterInstance.get() as records:
        for run_id in end_abandoned(records):
            sys.stderr.write(f"run {run_id} was abandoned\n")
