"""Keyed hashes of direct identifiers, in SQL and in Python, equal to the byte.

SQL hashes plain ASCII. Other text needs Unicode normalization (NFKC), which only
Python has; such values are hashed once each and joined.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata

_BLOCK = 64


def keyed_hash(kind: str, value: str, *, key: str) -> str:
    """Hash one direct identifier as the contract says.

    Args:
        kind: Input key it came under: email, phone, or another (an address).
        value: The identifier as sent.
        key: The shop's secret.
    """
    text = unicodedata.normalize("NFKC", value).strip()
    if kind == "email":
        text = text.lower()
    elif kind == "phone":
        text = "+" + re.sub(r"\D", "", text)
    else:
        words = re.sub(r"[^\w\s]", " ", text.upper())
        text = re.sub(r"\s+", " ", words).strip()
    return hmac.new(key.encode(), f"{kind}:{text}".encode(), hashlib.sha256).hexdigest()


def is_plain(value: str) -> str:
    """Return the SQL condition under which SQL may hash a value itself."""
    return f"regexp_full_match({value}, '[ -~]*')"


def keyed_hash_sql(kind: str, value: str, *, key: str) -> str:
    """Return the SQL twin of :func:`keyed_hash` for plain ASCII."""
    if kind == "email":
        text = f"lower(trim({value}))"
    elif kind == "phone":
        text = f"'+' || regexp_replace({value}, '\\D', '', 'g')"
    else:
        words = f"regexp_replace(upper({value}), '[^\\w\\s]', ' ', 'g')"
        text = f"trim(regexp_replace({words}, '\\s+', ' ', 'g'))"
    return hmac_sql(f"'{kind}:' || {text}", key=key)


def hmac_sql(text: str, *, key: str) -> str:
    """Return SQL for the hex HMAC-SHA256 of a text under a key."""
    secret = key.encode()
    if len(secret) > _BLOCK:
        secret = hashlib.sha256(secret).digest()
    secret = secret.ljust(_BLOCK, b"\0")
    inner, outer = (_blob(bytes(b ^ pad for b in secret)) for pad in (0x36, 0x5C))
    return f"sha256({outer} || unhex(sha256({inner} || encode({text}))))"


def _blob(value: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in value) + "'::blob"
