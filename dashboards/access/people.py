"""The list of those who may read the pages: one e-mail and one level a line."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from dagster_project.published import folder_from_environment

VARIABLE: Final = "POSTORDER_ACCESS"
FILE: Final = "access.csv"
HEADER: Final = ["email", "level"]
EXAMPLE: Final = "email,level\\nanna@example.com,viewer\\nben@example.com,sensitive"


class Level(StrEnum):
    """What a reader may see.

    A viewer sees figures. ``sensitive`` sees, beside them, what names an order, a
    customer or anything of theirs.
    """

    VIEWER = "viewer"
    SENSITIVE = "sensitive"


class AccessListError(Exception):
    """The list cannot be used; the message names the file, the line and the fix."""


def path_of_list(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the list stands: as the environment says, else with the shop."""
    named = environment.get(VARIABLE)
    return Path(named) if named else folder_from_environment().with_name(FILE)


def read_people(path: Path) -> dict[str, Level]:
    """Read the list of readers, by e-mail as ``same_case`` writes it.

    Empty lines and lines that begin with ``#`` say nothing.

    Raises:
        AccessListError: It is missing, unreadable, or any of its lines is wrong: half
            of a list could leave out who was to be kept out.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise AccessListError(
            f"{path} is not there; write it as {EXAMPLE!r}, or name another file by "
            f"{VARIABLE}"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise AccessListError(
            f"{path} cannot be read ({error}); make it a UTF-8 file that the server "
            "may read"
        ) from error
    people: dict[str, Level] = {}
    is_headed = False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        cells = _cells(path, number, line)
        if not is_headed:
            if [cell.lower() for cell in cells] != HEADER:
                raise _wrong(path, number, f"is no header; write {','.join(HEADER)!r}")
            is_headed = True
            continue
        email, level = _person(path, number, cells)
        if email in people:
            raise _wrong(path, number, f"names {email!r} again; keep one line of it")
        people[email] = level
    if not is_headed:
        raise AccessListError(f"{path} is empty; write it as {EXAMPLE!r}")
    return people


def same_case(email: str) -> str:
    """Return an e-mail as it is compared: letter case does not matter in ASCII.

    Beyond ASCII it does: other letters become ASCII ones in lower case, and a reader
    could pass for another.
    """
    return email.lower() if email.isascii() else email


def _cells(path: Path, number: int, line: str) -> list[str]:
    """Split one line."""
    try:
        (cells,) = csv.reader([line], strict=True)
    except (csv.Error, ValueError) as error:
        raise _wrong(path, number, f"is no line of CSV ({error})") from error
    return [cell.strip() for cell in cells]


def _person(path: Path, number: int, cells: list[str]) -> tuple[str, Level]:
    """Read one reader."""
    if len(cells) != len(HEADER):
        raise _wrong(path, number, "has not two cells; write 'anna@example.com,viewer'")
    email, level = cells
    name, at, host = email.partition("@")
    if not (name and at and host) or "@" in host or not email.isprintable():
        raise _wrong(path, number, f"has no e-mail: {email!r}")
    if level.lower() not in set(Level):
        raise _wrong(
            path, number, f"has no level: {level!r}; write {' or '.join(Level)}"
        )
    return same_case(email), Level(level.lower())


def _wrong(path: Path, number: int, says: str) -> AccessListError:
    return AccessListError(f"{path}, line {number} {says}")
