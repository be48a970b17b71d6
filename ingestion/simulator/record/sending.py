"""By which delivery a report comes in, and under which id its sender knows the fact.

A webhook that is sent again is the same delivery, word for word; a poll is another one.
A delivery alone therefore does not tell whether a fact has been told before.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.simulator.draws import Flags, Integers
from ingestion.simulator.parameters.transport import Feed, Transport
from ingestion.simulator.record.text import Text, joined, text

POLL_SECONDS = 600
"""Reports of one system within so many seconds come by the same poll."""


class Sender:
    """Writes how the lines of some facts end: ids of facts and of deliveries.

    Attributes:
        names: Source of each fact.
    """

    def __init__(
        self,
        transport: Transport,
        habits: Feed,
        told_by: str | Text,
        stream: str,
        rows: Integers,
    ) -> None:
        """Prepare the facts of one stream, whose rows tell them apart."""
        self.names = told_by
        self._delivery = habits.delivery
        self._is_identified = _told_by_any(told_by, transport.identified, len(rows))
        self._is_identified &= self._delivery == "webhook"
        self._is_listed = _told_by_any(told_by, transport.listed, len(rows))
        self._mark = hashlib.sha256(stream.encode()).hexdigest()[:8]
        self._rows = text(rows)

    def bare_ends(self) -> str | Text:
        """End the lines as they left the sender, before any delivery."""
        return self._identified("}", self._is_identified)

    def ends(self, observed: Integers) -> str | Text:
        """End the lines as the feed's own deliveries do."""
        if self._delivery == "log":
            return "}"
        if self._delivery == "poll":
            return self.polled_ends(observed)
        delivery = joined(f',"delivery_id":"wh-{self._mark}-', self._rows, '"}')
        return self._identified(delivery, self._is_identified)

    def polled_ends(self, observed: Integers) -> str | Text:
        """End the lines as a poll at each moment does."""
        run = text(observed // POLL_SECONDS)
        delivery = joined(',"delivery_id":"poll-', self.names, "-", run, '"}')
        return self._identified(delivery, self._is_listed)

    def _identified(self, ends: str | Text, carries: Flags) -> str | Text:
        """Add the ids of the facts where the delivery carries them."""
        if not carries.any():
            return ends
        if isinstance(ends, str):
            ends = pa.scalar(ends)
        named = joined(f',"event_id":"evt-{self._mark}-', self._rows, '"', ends)
        return pc.if_else(pa.array(carries), named, ends)


def is_told_by(told_by: str | Text, system: str) -> Flags:
    """Tell which reports come from a system, by the first part of their source."""
    if isinstance(told_by, str):
        return np.array(told_by.startswith(f"{system}:"))
    found: Flags = pc.starts_with(told_by, f"{system}:").to_numpy(False)
    return found


def _told_by_any(told_by: str | Text, systems: tuple[str, ...], count: int) -> Flags:
    """Tell which of so many reports come from one of some systems."""
    found = np.zeros(count, np.bool_)
    for system in systems:
        found |= is_told_by(told_by, system)
    return found
