"""What pages repeat of the models' rules is what the models say."""

from __future__ import annotations

import yaml

from dashboards.queries import rules
from tests.dashboards.small_shop import ROOT


def test_rules_are_those_of_the_models() -> None:
    project = (ROOT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8")
    said = yaml.safe_load(project)["vars"]

    assert said["rankable_from"] == rules.RANKABLE_FROM
    assert said["retry_recovery_hours"] == rules.RETRY_HOURS
