"""What a landing tells: per file, what became of each of its lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class FileAccount:
    """What became of one file's lines: delivered = stored + repeats + rejected.

    Attributes:
        landed_file: Name it landed under.
        delivered: Lines that are not blank.
        stored: Accepted lines stored.
        repeats: Lines stored before, character for character, accepted or not.
        rejected: Lines kept as rejected.
        is_known: The same file was landed before and was not read again.
        fault: Why reading stopped early; the lines before it are landed.
    """

    landed_file: str
    delivered: int = 0
    stored: int = 0
    repeats: int = 0
    rejected: int = 0
    is_known: bool = False
    fault: str | None = None


@dataclass(frozen=True)
class Landing:
    """One call of landing.

    Attributes:
        landing_seq: Its number; the last one's where nothing was new.
        files: One account per file, in the order they were read.
        last_ingested_at: The latest instant at which a row of it counts as known.
    """

    landing_seq: int
    files: tuple[FileAccount, ...]
    last_ingested_at: datetime


@dataclass
class Delivery:
    """One file on its way in, with the counts so far."""

    landed_file: str
    content_hash: str
    landing_id: str
    is_known: bool = False
    delivered: int = 0
    stored: int = 0
    rejected: int = 0
    fault: str | None = None

    def account(self) -> FileAccount:
        """Return what became of the file."""
        return FileAccount(
            landed_file=self.landed_file,
            delivered=self.delivered,
            stored=self.stored,
            repeats=self.delivered - self.stored - self.rejected,
            rejected=self.rejected,
            is_known=self.is_known,
            fault=self.fault,
        )
