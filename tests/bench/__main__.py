"""Run every benchmark and print its table."""

from __future__ import annotations

from tests.bench import landing, large_shop, simulator

simulator.report()
landing.report()
large_shop.report()
