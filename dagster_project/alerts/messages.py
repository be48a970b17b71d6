"""Message templates: plain text with a closed set of names, and nothing else."""

from __future__ import annotations

import difflib
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

COMMON: Final = frozenset({"rule", "severity", "owner", "as_of"})
NAMES: Final[Mapping[str, frozenset[str]]] = {
    "metric": COMMON
    | {"metric", "segment_type", "segment", "value", "threshold", "day"}
    | {"trailing", "change", "denominator"},
    "exceptions": COMMON | {"segment", "value", "threshold", "oldest", "orders"},
    "warehouse": COMMON | {"segment", "value", "threshold", "detail"},
}


class TemplateError(ValueError):
    """A template uses what it may not; the message says what it may."""


@dataclass(frozen=True)
class Template:
    """Text with names in it.

    Attributes:
        parts: Literal text, each piece with the name that follows it, if any.
    """

    parts: tuple[tuple[str, str | None], ...]

    def fill(
        self, values: Mapping[str, str], *, escape: Callable[[str], str] = str
    ) -> str:
        """Put values in place of names.

        Args:
            values: By name, written with their unit.
            escape: What a value goes through on its way in.
        """
        return "".join(
            literal + (escape(values[name]) if name is not None else "")
            for literal, name in self.parts
        )


def template(text: str, known: Iterable[str]) -> Template:
    """Read a template.

    Raises:
        TemplateError: A brace stands alone, or a name is not one of those known.
    """
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError as error:
        raise TemplateError(
            f"{error}; write {{value}} for a name, {{{{ and }}}} for braces"
        ) from error
    names = set(known)
    parts = []
    for literal, name, spec, conversion in pieces:
        if name is not None:
            if spec or conversion:
                raise TemplateError(
                    f"{{{name}}} takes no format: values come with their unit"
                )
            if name not in names:
                raise TemplateError(f"{{{name}}} is not known; {nearest(name, names)}")
        parts.append((literal, name))
    return Template(tuple(parts))


def nearest(wrong: str, known: Iterable[str]) -> str:
    """Say which known name comes closest to a wrong one, or name them all."""
    names = sorted(known)
    close = difflib.get_close_matches(wrong, names, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(names)}"
