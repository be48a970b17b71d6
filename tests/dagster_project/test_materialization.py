"""One run in Dagster, from files to a published version, and one that is stopped."""

from __future__ import annotations

import json

import dagster as dg
import pytest

from dagster_project import gate
from dagster_project.definitions import defs
from dagster_project.published import connect, current
from ingestion.shop import Shop


def placed(number: int, **changes) -> dict:
    """One order of one line, as the contract says it."""
    return {
        "event_name": "order_placed",
        "source": "shop:web",
        "occurred_at": f"2026-03-01T10:{number % 60:02}:00Z",
        "order_id": f"o-{number}",
        "customer_id": f"c-{number}",
        "currency": "INR",
        "total_minor": 50000,
        "payment_mode": "prepaid",
        "lines": [
            {
                "order_line_id": f"o-{number}-1",
                "sku": "SKU-1",
                "quantity": 1,
                "unit_price_minor": 50000,
            }
        ],
        **changes,
    }


def captured(number: int, amount: int = 50000) -> dict:
    return {
        "event_name": "payment_captured",
        "source": "gateway:cards",
        "occurred_at": f"2026-03-01T11:{number % 60:02}:00Z",
        "order_id": f"o-{number}",
        "payment_id": f"p-{number}",
        "capture_id": f"p-{number}-1",
        "is_partial": False,
        "gateway": "cards",
        "payment_method": "card",
        "currency": "INR",
        "amount_minor": amount,
    }


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Shop:
    monkeypatch.setenv("POSTORDER_DATA", str(tmp_path / "shop"))
    monkeypatch.setenv("POSTORDER_HASH_KEY", "a key")
    (tmp_path / "shop" / "landing").mkdir(parents=True)
    return Shop(tmp_path / "shop")


def deliver(shop: Shop, name: str, *events: dict) -> None:
    text = "".join(json.dumps(event) + "\n" for event in events)
    (shop.folder / "landing" / f"{name}.jsonl").write_text(text, encoding="utf-8")


def run_batch() -> dg.ExecuteInProcessResult:
    with dg.DagsterInstance.ephemeral() as instance:
        return (
            defs()
            .resolve_job_def("micro_batch")
            .execute_in_process(instance=instance, raise_on_error=False)
        )


def test_a_day_is_published_and_a_bad_population_is_not(shop):
    deliver(shop, "good", *(placed(n) for n in range(120)), *map(captured, range(120)))
    assert run_batch().success
    good = current(shop.published)
    assert good is not None
    with connect(good) as connection:
        assert connection.sql("select count(*) from marts.fct_orders").fetchall() == [
            (120,)
        ]

    # each event may be; a gateway that captures ten times what was ordered may not
    deliver(
        shop,
        "bad",
        *(placed(n) for n in range(200, 400)),
        *(captured(n, 500000) for n in range(200, 400)),
    )
    result = run_batch()
    assert not result.success
    (failed,) = [
        check for check in result.get_asset_check_evaluations() if not check.passed
    ]
    assert failed.asset_key == dg.AssetKey(["marts", "fct_orders"])
    assert any("captured_to_ordered" in name for name in failed.metadata)
    verdict = gate.last_verdict(shop.working)
    assert verdict is not None
    assert "no more is captured than was ordered" in gate.describe(verdict)
    assert current(shop.published) == good
