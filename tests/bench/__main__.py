"""Run every benchmark and print its table."""

from __future__ import annotations

from tests.bench import landing, simulator

simulator.report()
landing.report()
