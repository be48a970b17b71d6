"""Rules of the models that a question about single rows has to repeat.

A test holds them equal to the variables of the models.
"""

from __future__ import annotations

from typing import Final

# fewer than this in a denominator is shown, not ranked (rankable_from)
RANKABLE_FROM: Final = 30

# how long a failed first attempt has to be made good (retry_recovery_hours)
RETRY_HOURS: Final = 24

# within which a refund is to arrive once it is due: the name of its metric says it
REFUND_HOURS: Final = 48
