"""Run every benchmark and print its table."""

from __future__ import annotations

from tests.bench import gate, increments, landing, simulator, warm

simulator.report()
landing.report()
increments.report()
warm.report()
gate.report()
