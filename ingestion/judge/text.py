"""SQL text: literals and the few expressions that judge and rejections share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

# Python's idea of white space; RE2's \s is narrower
WHITE: Final = r"[\s\v\pZ\x{85}\x1c-\x1f]"
# without the year 0 and the hour 24, which DuckDB would read
OFFSET_TIME: Final = (
    r"([1-9]\d{3}|\d[1-9]\d\d|\d\d[1-9]\d|\d{3}[1-9])-\d{2}-\d{2}"
    r"T([01]\d|2[0-3]):\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})"
)
NAIVE_TIME: Final = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?"
_UPPER_ESCAPES: Final = ("B", "E", "F", "1A", "1B", "1C", "1D", "1E", "1F")


def quoted(value: str) -> str:
    """Return a string literal."""
    return "'" + value.replace("'", "''") + "'"


def literal(value: str | int | bool) -> str:
    """Return a literal of a value's own type."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else quoted(value)


def name(column: str) -> str:
    """Return a quoted identifier."""
    return '"' + column.replace('"', '""') + '"'


def listed(values: Iterable[str]) -> str:
    """Return string literals as the inside of an ``in (...)``."""
    return ", ".join(quoted(value) for value in values)


def slug(value: str) -> str:
    """Return a closed-list spelling: trimmed, lower case, spaces and hyphens as _."""
    trimmed = f"regexp_replace({value}, '^{WHITE}+|{WHITE}+$', '', 'g')"
    inner = WHITE[:-1] + r"\-]+"
    return f"regexp_replace(lower({trimmed}), '{inner}', '_', 'g')"


def json_text(value: str) -> str:
    """Return a string as compact JSON."""
    return f"cast(to_json({value}) as varchar)"


def pattern(expression: str) -> str:
    """Return a regular expression in which white space is what Python takes for it."""
    return quoted(expression.replace(r"[^\s]", f"[^{WHITE[1:]}"))


def python_escapes(written: str) -> str:
    """Spell the escapes of control characters as Python's ``json.dumps`` does."""
    lowered = written
    for digits in _UPPER_ESCAPES:
        escape = digits.rjust(4, "0")
        lowered = f"replace({lowered}, '\\u{escape}', '\\u{escape.lower()}')"
    return f"case when contains({written}, '\\u00') then {lowered} else {written} end"


def high_bits(number: str) -> str:
    """Return the first 60 of 128 bits as a number: small to store, fast to find."""
    return f"cast({number} >> 68 as bigint)"


def low_bits(number: str) -> str:
    """Return another 60 of 128 bits as a number."""
    return f"cast(({number} >> 8) & cast({2**60 - 1} as uhugeint) as bigint)"


def hash_of_numbers(first: str, second: str) -> str:
    """Return a line's hash as one number, from its two of 60 bits."""
    return f"cast({first} as hugeint) * {2**60} + {second}"


def rejected_id() -> str:
    """Return a rejected line's id, from the two numbers of its hash."""
    return f"cast({hash_of_numbers('hash_1', 'hash_2')} as varchar)"


def utc_text(value: str) -> str:
    """Return an instant in UTC with six decimals and a trailing Z."""
    # without a zone's calendar, which costs as much as the writing
    return f"strftime(make_timestamp(epoch_us({value})), '%Y-%m-%dT%H:%M:%S.%fZ')"


def instant(value: str) -> str:
    """Return the instant of an ISO 8601 text with an offset, else NULL.

    DuckDB reads more spellings than the contract allows.
    """
    return (
        f"case when regexp_full_match({value}, '{OFFSET_TIME}') "
        f"then try_cast({value} as timestamptz) end"
    )


def local_instant(value: str, zone: str) -> str:
    """Return the instant of an ISO 8601 text without an offset on a zone's clock.

    A time the clock skipped gives NULL; of a time it showed twice, the first counts.
    """
    local = f"try_cast(replace({value}, 'T', ' ') as timestamp)"
    late = f"timezone({zone}, {local})"
    early = " ".join(
        f"when timezone({zone}, {late} - interval '{gap}') = {local} "
        f"then {late} - interval '{gap}'"
        for gap in ("1 hour", "30 minutes")
    )
    return (
        f"case when {value}[12:13] = '24' or {value}[1:4] = '0000' then null "
        f"{early} when timezone({zone}, {late}) = {local} then {late} end"
    )
