"""Each suite is a check on its table, blocking if a measure is; judged in one go."""

from collections.abc import Iterator

import dagster as dg

from dagster_project.defs.resources import ShopResource
from dagster_project.defs.transient import tried_again
from dagster_project.gate import Failure
from dagster_project.quality.suite import Suite, all_suites
from dagster_project.quality.validate import validate

CHECK = "population"
SUITES = all_suites()


def key_of(table: str) -> dg.AssetKey:
    """Return the asset key of ``schema.table``."""
    return dg.AssetKey(table.split("."))


def name_of(suite: Suite) -> str:
    """Return the name of a suite's check; a table's own suite has the common one."""
    return CHECK if suite.table.endswith(f".{suite.name}") else suite.name


@dg.multi_asset_check(
    name="validate",
    specs=[
        dg.AssetCheckSpec(
            name_of(suite),
            asset=key_of(suite.table),
            blocking=any(m.severity == "blocking" for m in suite.measures),
            description=" ".join(
                expectation.says
                for measure in suite.measures
                for expectation in measure.expectations
            ),
        )
        for suite in SUITES
    ],
)
def population_checks(
    context: dg.AssetCheckExecutionContext, shop: ShopResource
) -> Iterator[dg.AssetCheckResult]:
    """Judge the build; a failure keeps it from being published."""
    with tried_again(context.op_execution_context):
        report = validate(shop.open())
    for suite in SUITES:
        failures = [each for each in report.failures if each.suite == suite.name]
        warnings = [each for each in report.warnings if each.suite == suite.name]
        yield dg.AssetCheckResult(
            check_name=name_of(suite),
            asset_key=key_of(suite.table),
            passed=not failures and not warnings,
            # one that failed as a warning holds nothing up
            severity=dg.AssetCheckSeverity.ERROR
            if failures
            else dg.AssetCheckSeverity.WARN,
            metadata={
                "owner": suite.owner,
                **failures_metadata([*failures, *warnings]),
            },
        )


def failures_metadata(failures: list[Failure]) -> dict[str, dg.MarkdownMetadataValue]:
    """Say which expectations failed, on which rows."""
    return {
        f"{failure.measure}, {failure.column}": dg.MetadataValue.md(
            "\n".join(
                [
                    f"{failure.says} `{failure.expectation}` found {failure.observed}.",
                    *(f"- `{dict(row)}`" for row in failure.rows),
                ]
            )
        )
        for failure in failures
    }
