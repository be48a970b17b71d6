"""Each suite is a blocking check on its table; all are judged in one go."""

from collections.abc import Iterator

import dagster as dg

from dagster_project.defs.resources import ShopResource
from dagster_project.defs.transient import tried_again
from dagster_project.gate import Failure
from dagster_project.quality.suite import load_suites
from dagster_project.quality.validate import validate

CHECK = "population"
SUITES = load_suites()


def key_of(table: str) -> dg.AssetKey:
    """Return the asset key of ``schema.table``."""
    return dg.AssetKey(table.split("."))


@dg.multi_asset_check(
    name="validate",
    specs=[
        dg.AssetCheckSpec(
            CHECK,
            asset=key_of(suite.table),
            blocking=True,
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
        failures = [each for each in report.failures if each.table == suite.table]
        yield dg.AssetCheckResult(
            check_name=CHECK,
            asset_key=key_of(suite.table),
            passed=not failures,
            metadata=_metadata(failures),
        )


def _metadata(failures: list[Failure]) -> dict[str, dg.MetadataValue]:
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
