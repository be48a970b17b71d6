"""The watcher's rounds: when one is due, what it takes up, and how it ends."""

from __future__ import annotations

import os
import signal
import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from dagster_project import shops, watch
from dagster_project.arrivals import SETTLED_SECONDS, landing_zone, set_apart
from dagster_project.gate import GateError
from dagster_project.shops import ShopError
from dagster_project.watch import Watcher
from ingestion.lock import ShopLockedError

EVERY = timedelta(minutes=15)


class Chain:
    """Stands for the run: notes what it was given, and fails when told to."""

    def __init__(self):
        self.landed = []
        self.clocks = []
        self.error = None
        self.fails_at = "build"
        self.within = lambda step: None

    def __call__(self, shop, paths, *, is_warm, now, progress):
        assert is_warm
        self.clocks.append(now)
        if isinstance(self.error, ShopLockedError):
            raise self.error
        names = {
            path.relative_to(folder).as_posix(): path.read_text()
            for folder in paths
            for path in sorted(folder.rglob("*.jsonl"))
        }
        assert all(folder.name == "landing" for folder in paths)
        for step in ("land", "build", "validate", "publish"):
            if step == "land" and not paths:
                continue
            progress(step, "", 0, 0)
            self.within(step)
            if self.error is not None and step == self.fails_at:
                raise self.error
            if step == "land":
                self.landed.append(names)
        return SimpleNamespace()


@pytest.fixture
def chain(monkeypatch):
    chain = Chain()
    monkeypatch.setattr(watch, "run", chain)
    return chain


@pytest.fixture
def clock():
    now = SimpleNamespace(at=datetime(2026, 3, 1, tzinfo=UTC))
    now.pass_by = lambda by: setattr(now, "at", now.at + by)
    return now


@pytest.fixture
def told():
    return []


@pytest.fixture
def watcher(shop, chain, clock, told):
    landing_zone(shop).mkdir(parents=True)
    return Watcher(shop, every=EVERY, told=told.append, clock=lambda: clock.at)


@pytest.fixture
def deliver(shop):
    def write(name, text="{}\n", age=60.0):
        path = landing_zone(shop) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        then = path.stat().st_mtime - age
        os.utime(path, (then, then))

    return write


def test_nothing_is_done_before_anything_has_come(watcher, told):
    assert watcher.look() is None
    assert told == []


def test_a_file_lands_once_under_its_name_in_the_zone(watcher, chain, deliver, told):
    deliver("a.jsonl")
    deliver("deep/b.jsonl")
    done = watcher.look()
    assert chain.landed == [{"a.jsonl": "{}\n", "deep/b.jsonl": "{}\n"}]
    assert (done.files, done.error) == (2, None)
    assert list(done.seconds) == ["land", "build", "validate", "publish"]
    assert watcher.look() is None
    assert told == [done]


def test_only_what_is_new_or_has_grown_lands(watcher, chain, deliver):
    deliver("a.jsonl")
    deliver("b.jsonl")
    watcher.look()
    deliver("b.jsonl", "{}\n{}\n")
    deliver("c.jsonl")
    watcher.look()
    assert list(chain.landed[1]) == ["b.jsonl", "c.jsonl"]


def test_a_file_that_still_grows_waits_and_keeps_no_other(watcher, chain, deliver):
    deliver("a.jsonl")
    deliver("b.jsonl", age=0)
    watcher.look()
    assert list(chain.landed[0]) == ["a.jsonl"]
    assert watcher.look() is None
    deliver("b.jsonl", age=SETTLED_SECONDS)
    watcher.look()
    assert list(chain.landed[1]) == ["b.jsonl"]


def test_the_clock_moves_without_a_file(shop, watcher, chain, clock, deliver):
    deliver("a.jsonl")
    watcher.look()
    shops.claim(shop, "own")
    clock.pass_by(EVERY - timedelta(seconds=1))
    assert watcher.look() is None
    clock.pass_by(timedelta(seconds=1))
    assert watcher.look().files == 0
    assert chain.clocks == [clock.at - EVERY, clock.at]


@pytest.mark.parametrize("step", ["validate", "build"])
def test_what_failed_after_landing_is_told_and_does_not_land_again(
    watcher, chain, clock, deliver, told, shop, step
):
    deliver("a.jsonl")
    shops.claim(shop, "own")
    chain.error, chain.fails_at = GateError("no"), step
    failed = watcher.look()
    assert failed.error is chain.error
    assert told == [failed]
    assert list(failed.seconds)[-1] == step
    assert watcher.look() is None
    chain.error = None
    clock.pass_by(EVERY)
    assert watcher.look().error is None
    assert len(chain.landed) == 1


def test_what_could_not_land_is_tried_again_when_the_clock_moves(
    watcher, chain, clock, deliver
):
    deliver("a.jsonl")
    chain.error, chain.fails_at = OSError("no space left"), "land"
    assert watcher.look().error is chain.error
    assert watcher.look() is None
    chain.error = None
    clock.pass_by(EVERY)
    watcher.look()
    assert list(chain.landed[0]) == ["a.jsonl"]


def test_a_locked_shop_is_looked_at_again(watcher, chain, deliver, told):
    deliver("a.jsonl")
    chain.error = ShopLockedError("in use")
    assert watcher.look() is None
    assert told == []
    chain.error = None
    watcher.look()
    assert list(chain.landed[0]) == ["a.jsonl"]


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_after_the_step_at_hand(watcher, chain, deliver, told, which):
    before = signal.getsignal(which)
    steps = []

    def within(step):
        steps.append(step)
        if step == "build":
            os.kill(os.getpid(), which)

    chain.within = within
    deliver("a.jsonl")
    watcher.watch()
    assert steps == ["land", "build"]
    assert told == []
    assert signal.getsignal(which) == before


def test_it_ends_between_looks(watcher):
    threading.Timer(0.2, watcher.stop).start()
    watcher.watch()


def test_the_sample_has_no_news(shop):
    shops.claim(shop, "sample")
    with pytest.raises(ShopError, match="holds the embedded sample"):
        Watcher(shop)


def test_a_link_out_of_the_zone_stays_one(tmp_path):
    zone, outside = tmp_path / "landing", tmp_path / "secret.jsonl"
    zone.mkdir()
    outside.write_text("{}")
    (zone / "link.jsonl").symlink_to(outside)
    apart = set_apart(zone, [zone / "link.jsonl"], tmp_path / "apart")
    assert (apart / "link.jsonl").is_symlink()


def test_a_file_taken_away_meanwhile_keeps_no_other(tmp_path):
    zone = tmp_path / "landing"
    zone.mkdir()
    (zone / "here.jsonl").write_text("{}")
    apart = set_apart(
        zone, [zone / "gone.jsonl", zone / "here.jsonl"], tmp_path / "apart"
    )
    assert [path.name for path in apart.iterdir()] == ["here.jsonl"]
