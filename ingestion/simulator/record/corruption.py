"""Lines that break the contract on purpose, each for one reason that is known.

A broken line is the line a system meant to send, altered by one substitution. A fault
that does not fit a line (there is no amount to spoil) gives way to one that always
does, so that the share of broken lines is the share asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.simulator.draws import ROWS_PER_COUNTER, Draws, Flags, Floats, Integers
from ingestion.simulator.record.text import Text

CONFLICT = "event_id_conflict"

SPECIAL_SHARE = 0.5
"""Share of broken lines with a fault that fits some lines only."""

ACCOUNT = pa.schema(
    [
        ("file", pa.string()),
        ("line_number", pa.int64()),
        ("reason_code", pa.string()),
    ]
)


@dataclass(frozen=True)
class Fault:
    """A way to break a line.

    Attributes:
        reason_code: Why the contract must refuse the line.
        pattern: What is replaced (RE2); a line without it cannot be broken this way.
        replacement: By what.
        unless: A line that contains this cannot be broken this way either.
    """

    reason_code: str
    pattern: str
    replacement: str
    unless: str = ""

    def fits(self, lines: Text) -> Flags:
        """Tell which lines can be broken this way."""
        fits = pc.match_substring_regex(lines, self.pattern)
        if self.unless:
            fits = pc.and_not(fits, pc.match_substring(lines, self.unless))
        found: Flags = fits.to_numpy(zero_copy_only=False)
        return found

    def applied(self, lines: Text) -> Text:
        """Return the lines broken."""
        return pc.replace_substring_regex(
            lines, self.pattern, self.replacement, max_replacements=1
        )


def _added(reason_code: str, field: str, value: str) -> Fault:
    """Return the fault of a field that must not be there, or not with that value."""
    return Fault(reason_code, r"\}$", f',"{field}":{value}}}', f'"{field}"')


REFUND = r'^(\{"event_name":"refund_(?:initiated|completed)".*)'

ANY_LINE: tuple[Fault, ...] = (
    Fault("not_json", r".{9}$", ""),
    Fault("duplicate_json_key", r"^\{", r'{"source":"twice:told",'),
    Fault("not_an_object", r"^(.*)$", r"[\1]"),
    Fault("event_name_missing", r'"event_name":"[a-z_]+",', ""),
    Fault("event_name_unknown", r'"event_name":"([a-z_]+)"', r'"event_name":"\1_v2"'),
    Fault("event_version_unsupported", r"\}$", r',"event_version":7}'),
    Fault("forbidden_field", r"\}$", r',"card_number":"4111111111111111"}'),
    Fault("reserved_field", r"\}$", r',"ingested_at":"2026-01-01T00:00:00Z"}'),
    Fault("nested_value", r"\}$", r',"meta":{"retry":1}}'),
    Fault("field_missing", r'"occurred_at":"[^"]*",', ""),
    Fault(
        "timestamp_invalid",
        r'"occurred_at":"(\d{4})-\d\d-\d\d',
        r'"occurred_at":"\1-02-30',
    ),
    Fault(
        "timestamp_missing_offset",
        r'("occurred_at":"[^"+Z]*)(?:\+05:30|Z)"',
        r'\1"',
    ),
    Fault("timestamp_in_future", r'"occurred_at":"\d{4}', r'"occurred_at":"2096'),
    Fault("field_type", r"\}$", r',"is_manual_override":"often"}'),
)
"""Faults that any line can have."""

SOME_LINES: tuple[Fault, ...] = (
    Fault("alias_conflict", REFUND + r"\}$", r'\1,"refund_amount":1}'),
    Fault(
        "alias_precision", REFUND + r'"amount_minor":\d+', r'\1"refund_amount":12.3456'
    ),
    Fault(
        "alias_currency_missing",
        REFUND + r'"amount_minor":(\d+),"currency":"[A-Z]+"',
        r'\1"refund_amount":\2',
    ),
    Fault("currency_missing", r"\}$", r',"cost_minor":100}', '"currency"'),
    Fault("currency_unknown", r'"currency":"[A-Z]{3}"', '"currency":"XXQ"'),
    Fault("money_not_integer", r'("[a-z]+_minor":\d+)', r"\1.5"),
    Fault("line_item_invalid", r'"lines":\[\{"order_line_id":"[^"]*",', '"lines":[{'),
    _added("field_format", "country_code", '"india"'),
    _added("number_out_of_range", "parcel_count", "-1"),
    _added("enum_value", "erasure_scope", '"planet"'),
    Fault("value_order", r"\}$", r',"parcel_no":3,"parcel_count":2}', '"parcel_'),
    Fault(
        "values_identical",
        r'"from_location_id":"([^"]+)","to_location_id":"[^"]+"',
        r'"from_location_id":"\1","to_location_id":"\1"',
    ),
    Fault("outcome_contradiction", r'"is_serviceable":true', '"is_serviceable":false'),
)
"""Faults that fit some lines."""

TWIN = Fault(CONFLICT, r'"amount_minor":([1-9])', r'"amount_minor":1\1')
"""A second story of one fact: another amount, and told later."""


@dataclass(frozen=True)
class Corrupted:
    """The lines of one file, some of them broken.

    Attributes:
        lines: The lines; twins that contradict one of them come last.
        account: One row per broken line: file, line_number, reason_code.
    """

    lines: pa.ChunkedArray
    account: pa.Table


@dataclass(frozen=True)
class Corruption:
    """Breaks a share of the lines of each file.

    Attributes:
        seed: Seed of the choice of lines and faults.
        share: Share of the lines to break.
    """

    seed: int
    share: float

    def of(self, lines: pa.ChunkedArray, file: str, told_last: str) -> Corrupted:
        """Break some lines of a file.

        Args:
            lines: The lines, in the order of the file.
            file: Its path among the events.
            told_last: A time after every report in the file, as the file writes it.
        """
        if not self.share:
            return Corrupted(lines, ACCOUNT.empty_table())
        count = -(-len(lines) // ROWS_PER_COUNTER) * ROWS_PER_COUNTER
        draws = Draws(self.seed, 0, count)
        rows = np.flatnonzero(draws.chance(f"corrupt/{file}", self.share)[: len(lines)])
        taste = draws.uniform(f"corrupt/how/{file}")[rows]
        second = draws.uniform(f"corrupt/else/{file}")[rows]
        chosen = lines.take(pa.array(rows)).combine_chunks()
        fault = _fitting(chosen, taste, second)
        broken = [
            (rows[here], one.applied(chosen.filter(pa.array(here))), one.reason_code)
            for number, one in enumerate((*ANY_LINE, *SOME_LINES))
            if (here := fault == number).any()
        ]
        is_twin = fault == len(ANY_LINE) + len(SOME_LINES)
        twins = _twins(chosen.filter(pa.array(is_twin)), told_last)
        places = np.concatenate(
            [
                *(part for part, _, _ in broken),
                len(lines) + np.arange(len(twins), dtype=np.int64),
            ]
        )
        codes = np.repeat(
            [*(code for _, _, code in broken), CONFLICT],
            [*(len(part) for part, _, _ in broken), len(twins)],
        )
        order = np.argsort(places, kind="stable")
        return Corrupted(
            _replaced(lines, broken, twins),
            pa.table(
                [
                    pa.array([file] * len(places), pa.string()),
                    pa.array(places[order] + 1),
                    pa.array(codes[order].tolist(), pa.string()),
                ],
                schema=ACCOUNT,
            ),
        )


def _fitting(lines: Text, taste: Floats, second: Floats) -> Integers:
    """Return the number of the fault of each line: one that fits it.

    Half of the lines get a fault that fits some lines only, the likelier the fewer
    lines it fits. Faults are numbered through ``ANY_LINE`` and ``SOME_LINES``; the
    twin comes last.
    """
    anyway = (second * len(ANY_LINE)).astype(np.int64)
    fits = np.stack([one.fits(lines) for one in (*SOME_LINES, TWIN)])
    weights = fits / np.maximum(fits.sum(axis=1, keepdims=True), 1)
    bounds = weights.cumsum(axis=0)
    some = (bounds <= second * bounds[-1]).sum(axis=0)
    is_special = (taste < SPECIAL_SHARE) & fits.any(axis=0)
    return np.where(is_special, len(ANY_LINE) + some, anyway)


def _twins(lines: Text, told_last: str) -> Text:
    """Return each line once more, with another amount and told after the first."""
    return pc.replace_substring_regex(
        TWIN.applied(lines), r'"observed_at":"[^"]*"', f'"observed_at":"{told_last}"'
    )


def _replaced(
    lines: pa.ChunkedArray, broken: list[tuple[Integers, Text, str]], twins: Text
) -> pa.ChunkedArray:
    """Return the lines with those replaced that are broken, and the twins."""
    parts = [text for _, text, _ in broken]
    everything = pa.chunked_array([*lines.chunks, *parts, twins], pa.string())
    places = np.arange(len(lines), dtype=np.int64)
    first = len(lines)
    for rows, text, _ in broken:
        places[rows] = first + np.arange(len(text))
        first += len(text)
    tail = first + np.arange(len(twins))
    return everything.take(pa.array(np.concatenate([places, tail])))
