"""What the systems emit: facts become JSON lines with their reporting delays.

A fact is recorded for a whole block of orders at once, as columns; lines are built by
joining text columns, never one by one. Only what was reported before the horizon
leaves the journal, so a story is cut where the simulated period ends.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.simulator.draws import Draws, Flags, Integers
from ingestion.simulator.parameters import World
from ingestion.simulator.parameters.transport import Feed
from ingestion.simulator.record.clock import Clock
from ingestion.simulator.record.moments import DAY, NEVER
from ingestion.simulator.record.sending import Sender, is_told_by
from ingestion.simulator.record.text import (
    Column,
    Partly,
    Raw,
    Text,
    joined,
    labels,
    text,
)
from ingestion.simulator.record.truth import Truth

DOMAINS = ("orders", "payments", "returns")


@dataclass
class Journal:
    """The facts of one block of orders, as lines with the moment each was reported.

    Attributes:
        world: The shop, whose transport and period the lines go through.
        draws: Random numbers of the block.
        clock: Writes moments.
        truth: Keeps what really happened.
        is_told: Whether lines are wanted; otherwise only the truth is.
        facts: Facts recorded, by event name; copies are not counted.
    """

    world: World
    draws: Draws
    clock: Clock
    truth: Truth
    is_told: bool = True
    facts: Counter[str] = field(default_factory=Counter)
    moments: dict[str, list[Integers]] = field(
        default_factory=lambda: {domain: [] for domain in DOMAINS}
    )
    lines: dict[str, list[Text]] = field(
        default_factory=lambda: {domain: [] for domain in DOMAINS}
    )

    @property
    def horizon(self) -> int:
        """Seconds from the start to the end of the simulated period."""
        return self.world.days * DAY

    def record(
        self,
        domain: str,
        event_name: str,
        *,
        at: Integers,
        source: str | Text,
        where: Flags | None = None,
        until: Integers | None = None,
        feed: str = "webhook",
        slot: str = "",
        **columns: Column | Partly | Raw,
    ) -> None:
        """Record one fact per row that happens.

        Args:
            domain: Landing pipeline of the event.
            event_name: Name in the catalogue.
            at: When it happens, seconds from the start; ``NEVER`` where it does not.
            source: System and account, one for all rows or one per row.
            where: Rows to record, besides happening.
            until: Moment from which the row's story is over.
            feed: How the system reports, a key of the transport's feeds.
            slot: Tells apart facts of one name (second line, third attempt).
            columns: Fields of the event. Whole numbers under a name that ends in
                ``_at`` or ``_date`` are moments.
        """
        if not self.is_told:
            return
        happens = at < self.horizon
        if where is not None:
            happens = happens & where
        if until is not None:
            happens = happens & (at < until)
        rows = np.flatnonzero(happens)
        if not len(rows):
            return
        moments = at[rows]
        told_by = source if isinstance(source, str) else source.take(pa.array(rows))
        pieces: list[str | Text] = [
            f'{{"event_name":"{event_name}","source":"',
            told_by,
            '","occurred_at":"',
            *self.clock.written(self._stamped(moments, told_by), domain),
        ]
        for name, column in columns.items():
            pieces.extend(self._pieces(name, column, rows, domain))
        body = joined(*pieces)
        self.facts[event_name] += len(rows)
        stream = f"{event_name}/{slot}"
        self._report(domain, stream, feed, moments, told_by, body, rows)

    def finished(self, domain: str) -> tuple[Integers, Text]:
        """Return the moments reported and the lines of a domain."""
        if not self.lines[domain]:
            return np.zeros(0, dtype=np.int64), pa.array([], pa.string())
        return (
            np.concatenate(self.moments[domain]),
            pa.chunked_array(self.lines[domain]).combine_chunks(),
        )

    def _stamped(self, moments: Integers, told_by: str | Text) -> Integers:
        """Return the moments as the systems' own clocks show them."""
        for skew in self.world.transport.skews:
            is_off = self.world.during(skew.window, moments)
            moments = moments + np.where(
                is_off & is_told_by(told_by, skew.system), skew.seconds, 0
            )
        return moments

    def _report(
        self,
        domain: str,
        stream: str,
        feed: str,
        moments: Integers,
        told_by: str | Text,
        body: Text,
        rows: Integers,
    ) -> None:
        """Add the delays, losses and copies that the transport makes."""
        habits = self.world.transport.feeds[feed]
        observed = moments + self._delays(habits, stream, rows)
        observed, is_recovered = self._through_outages(stream, told_by, observed, rows)
        is_lost = observed >= NEVER
        if habits.missing_share:
            is_lost |= self.draws.chance(f"missing/{stream}", habits.missing_share)[
                rows
            ]
        sender = Sender(
            self.world.transport, habits, told_by, stream, self.draws.first + rows
        )
        self._keep_lost(stream, domain, moments, body, sender, is_lost)
        words = self.draws.words(f"copy/{stream}")[rows]
        fate = (words >> np.uint64(40)).astype(np.float64) * 2.0**-24
        is_copied = ~is_lost & ~is_recovered
        is_copied &= fate < habits.polled_share + habits.repeated_share
        is_polled = is_copied & (fate < habits.polled_share)
        is_repeated = is_copied & ~is_polled
        lines = self._sent(domain, body, observed, sender.ends(observed))
        if is_recovered.any():
            found = self._sent(domain, body, observed, sender.polled_ends(observed))
            lines = pc.if_else(pa.array(is_recovered), found, lines)
        kept = ~is_lost & (observed < self.horizon)
        self._keep(domain, observed[kept], lines.filter(pa.array(kept)))
        if not is_copied.any():
            return
        again = observed + habits.copy_lag.whole(
            self.draws.uniform(f"lag/{stream}")[rows]
        )
        seen = again < self.horizon
        # nobody confirmed the delivery in time: the very same one comes once more
        kept = is_repeated & seen
        self._keep(domain, again[kept], lines.filter(pa.array(kept)))
        # a poll tells in its own words what a webhook has told before
        kept = is_polled & seen
        polled = self._sent(domain, body, again, sender.polled_ends(again))
        self._keep(domain, again[kept], polled.filter(pa.array(kept)))

    def _keep_lost(
        self,
        stream: str,
        domain: str,
        moments: Integers,
        body: Text,
        sender: Sender,
        is_lost: Flags,
    ) -> None:
        """Keep the facts that nobody tells, with the line that should have come."""
        if not is_lost.any():
            return
        self.truth.record(
            "unreported",
            where=is_lost,
            event_name=stream.split("/")[0],
            domain=domain,
            source=sender.names,
            occurred_at=moments,
            line=joined(body, sender.bare_ends()),
        )

    def _delays(self, habits: Feed, stream: str, rows: Integers) -> Integers:
        """Return the seconds from fact to report."""
        delays = habits.delay.whole(self.draws.uniform(f"delay/{stream}")[rows])
        if not habits.late_share:
            return delays
        tardy = self.draws.uniform(f"late/{stream}")[rows]
        slow = habits.late.whole(np.minimum(tardy / habits.late_share, 1 - 2.0**-53))
        return np.where(tardy < habits.late_share, slow, delays)

    def _through_outages(
        self, stream: str, told_by: str | Text, observed: Integers, rows: Integers
    ) -> tuple[Integers, Flags]:
        """Return when each report arrives after all, and whether a poll brought it."""
        is_recovered = np.zeros(len(rows), np.bool_)
        for number, outage in enumerate(self.world.transport.outages):
            is_down = self.world.during(outage.window, observed)
            is_down &= is_told_by(told_by, outage.system)
            if not is_down.any():
                continue
            luck = self.draws.uniform(f"outage/{number}/{stream}")[rows]
            share = outage.recovered_share
            is_found = luck < share
            lag = outage.recovery.whole(np.where(is_found, luck / max(share, 1e-9), 0))
            found = outage.window.end(self.world.days) + lag
            observed = np.where(is_down, np.where(is_found, found, NEVER), observed)
            is_recovered |= is_down & is_found
        return observed, is_recovered

    def _sent(
        self, domain: str, body: Text, observed: Integers, ends: str | Text
    ) -> Text:
        """End each line with when it was reported and by which delivery."""
        return joined(
            body, ',"observed_at":"', *self.clock.written(observed, domain), ends
        )

    def _keep(self, domain: str, observed: Integers, lines: Text) -> None:
        self.moments[domain].append(observed)
        self.lines[domain].append(lines)

    def _pieces(
        self, name: str, column: Column | Partly | Raw, rows: Integers, domain: str
    ) -> list[str | Text]:
        """Write one field of every row as ``,"name":value``; nothing where absent."""
        key = f',"{name}":'
        if isinstance(column, Partly):
            written = joined(*self._pieces(name, column.column, rows, domain))
            if isinstance(written, pa.StringScalar):
                written = pa.array([written.as_py()] * len(rows), pa.string())
            present = column.present[rows] & written.is_valid().to_numpy(False)
            return [pc.if_else(pa.array(present), written, pa.scalar(""))]
        if isinstance(column, Raw):
            return [key, column.column.take(pa.array(rows))]
        if isinstance(column, bool):
            return [f"{key}{str(column).lower()}"]
        if isinstance(column, int):
            return [f"{key}{column}"]
        if isinstance(column, str):
            return [f'{key}"{column}"']
        if not isinstance(column, np.ndarray):
            return self._optional([f'{key}"', column.take(pa.array(rows)), '"'])
        values = column[rows]
        if values.dtype == np.bool_:
            return [key, labels(values.astype(np.int64), ("false", "true"))]
        if name.endswith("_at"):
            return [f'{key}"', *self.clock.written(values.astype(np.int64), domain)]
        if name.endswith("_date"):
            return [f'{key}"', self.clock.dates(values.astype(np.int64)), '"']
        return [key, text(values)]

    def _optional(self, pieces: list[str | Text]) -> list[str | Text]:
        """Leave a field out where its text is missing."""
        if not pieces[1].null_count:  # type: ignore[union-attr]
            return pieces
        return [pc.fill_null(joined(*pieces), "")]
