"""Event files and where they lie: which there are, and what they hold, line by line.

Nothing here knows what an event is. A line that cannot be read as text carries its
reason code, and a file that breaks off says why after its last whole line.
"""

from ingestion.files.ahead import read_ahead
from ingestion.files.event_file import BrokenFileError, EventFile, Lines, landing_id
from ingestion.files.find import find_files
from ingestion.files.formats import READ, SEARCHED
from ingestion.files.limits import Limits
from ingestion.files.read import read_lines
from ingestion.files.split import NO_TEXT, TOO_LARGE

__all__ = [
    "NO_TEXT",
    "READ",
    "SEARCHED",
    "TOO_LARGE",
    "BrokenFileError",
    "EventFile",
    "Limits",
    "Lines",
    "find_files",
    "landing_id",
    "read_ahead",
    "read_lines",
]
