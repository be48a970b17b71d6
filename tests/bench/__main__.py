"""Run every benchmark and print its table."""

from __future__ import annotations

from tests.bench import increments, landing, simulator

simulator.report()
landing.report()
increments.report()
