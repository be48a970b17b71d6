"""Landing: event files and sources into raw tables, each line accounted for once."""

from ingestion.errors import LandingError
from ingestion.landing.accounts import FileAccount, Landing
from ingestion.landing.from_files import land_files
from ingestion.landing.from_sources import land_source
from ingestion.landing.replaying import Replay, replay

__all__ = [
    "FileAccount",
    "Landing",
    "LandingError",
    "Replay",
    "land_files",
    "land_source",
    "replay",
]
