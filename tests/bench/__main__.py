"""Run every benchmark and print its table."""

from __future__ import annotations

from tests.bench import simulator

simulator.report()
