"""Who is told: alerts after each publication, a letter each week, runs that fail."""

import os
from datetime import UTC, datetime

import dagster as dg

from dagster_project.alerts import command, failures
from dagster_project.alerts.failures import FailedRun
from dagster_project.alerts.notify import Fate, Told
from dagster_project.alerts.rules import RulesError
from dagster_project.alerts.standing import StandingError
from dagster_project.defs.resources import PUBLISHED, ShopResource

EVERY_SECONDS = 30


@dg.asset(
    key=["told", "alerts"],
    deps=[PUBLISHED],
    group_name="told",
    kinds={"webhook"},
)
def told_alerts() -> dg.MaterializeResult:
    """Judge the alert rules on what was published, and tell who does not know yet.

    Who could not be reached is a failure, so that the other channels hear of it; what
    they missed is sent the next time.
    """
    with command.log_on_screen():
        told = command.alert(os.environ, now=datetime.now(UTC))
    if told.is_amiss:
        raise dg.Failure(
            description="; ".join(_amiss(told)), allow_retries=False, metadata=_of(told)
        )
    return dg.MaterializeResult(metadata=_of(told))


@dg.asset(
    key=["told", "digest"],
    deps=[PUBLISHED],
    group_name="told",
    kinds={"email"},
)
def told_digest() -> dg.MaterializeResult:
    """Send the weekly letter: what is stuck, whose money pends, is the stock true."""
    now = datetime.now(UTC)
    with command.log_on_screen():
        sent = command.send_digest(
            command.digest(os.environ, now=now), os.environ, now=now
        )
    trouble = [f"{channel}: {says}" for channel, says in sent.items() if says]
    if trouble:
        raise dg.Failure(description="; ".join(trouble), allow_retries=False)
    return dg.MaterializeResult(metadata={"channels": ", ".join(sent)})


@dg.run_failure_sensor(
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tell that a run failed, once while it stays so, and why.",
)
def run_failed(context: dg.RunFailureSensorContext, shop: ShopResource) -> None:
    """Tell of the run, and judge the rules too: the gate may be what failed."""
    with command.log_on_screen():
        failures.tell_failure(
            failed_run(context), shop.open(), os.environ, now=datetime.now(UTC)
        )
        try:
            command.alert(os.environ, now=datetime.now(UTC))
        except (RulesError, StandingError) as error:
            context.log.warning(str(error))


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tell that a job that had failed succeeds again.",
)
def run_succeeded(context: dg.RunStatusSensorContext, shop: ShopResource) -> None:
    """Tell each channel that knew of a failure that it is over."""
    with command.log_on_screen():
        failures.tell_success(
            context.dagster_run.job_name, shop.open(), os.environ, now=datetime.now(UTC)
        )


def failed_run(context: dg.RunFailureSensorContext) -> FailedRun:
    """Say which step failed first, and the cause that started it."""
    run = context.dagster_run
    for event in context.get_step_failure_events():
        error = event.step_failure_data.error
        while error is not None and error.cause is not None:
            error = error.cause
        said = error.message if error is not None else event.message or ""
        return FailedRun(run.job_name, event.step_key or "run", said, run.run_id)
    said = context.failure_event.message or "no step had begun"
    return FailedRun(run.job_name, "run", said, run.run_id)


def _amiss(told: Told) -> list[str]:
    """Say what kept somebody from hearing."""
    return [
        *([told.trouble] if told.trouble else []),
        *(each.reason for each in told.findings if each.is_fault),
        *(
            f"{each.notice.channel}: {each.says}"
            for each in told.deliveries
            if each.says
        ),
    ]


def _of(told: Told) -> dict[str, int]:
    """Count what one run of alerts did."""
    fates = [each.fate for each in told.deliveries]
    return {
        "open": len(told.open),
        "sent": fates.count(Fate.SENT),
        "failed": fates.count(Fate.FAILED),
    }
