"""The code location Dagster loads. Everything lives in ``defs``."""

import os

import dagster as dg

from dagster_project import defs as defs_folder
from dagster_project import telemetry


@dg.definitions
def defs() -> dg.Definitions:
    """Load every definition found under ``defs``."""
    telemetry.switch_off(os.environ)
    return dg.load_defs(defs_folder)
