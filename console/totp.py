"""One-time codes by time (动态口令, RFC 6238 with HMAC-SHA-1, 30 seconds, six digits) and how they are enrolled."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import unicodedata
from datetime import datetime
from urllib.parse import quote, urlencode

import segno

STEP_SECONDS = 30
DIGITS = 6
AROUND = 1  # steps that a telephone's clock may be fast or slow
SECRET_BYTES = 20  # RFC 4226 §4 R6


def new_secret() -> str:
    """A secret, in base32 as applications take it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def step_at(now: datetime) -> int:
    """The number of the step (RFC 6238 §4.2: T0 is 0)."""
    return int(now.timestamp()) // STEP_SECONDS


def code_of(secret: str, step: int, digits: int = DIGITS) -> str:
    """The code of a step (RFC 4226 §5.3)."""
    mac = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = mac[-1] & 0xF
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}}"


def accepted_step(secret: str, code: str, now: datetime, after: int = 0) -> int | None:
    """The step whose code this is, later than `after` (a code counts once, RFC 6238 §5.2); None: it is wrong."""
    given = "".join(unicodedata.normalize("NFKC", code).split()).encode()
    steps = range(step_at(now) - AROUND, step_at(now) + AROUND + 1)
    return next(
        (step for step in steps if step > after and hmac.compare_digest(code_of(secret, step).encode(), given)), None
    )


def is_secret(text: str) -> bool:
    """Whether a text is a secret as it is made here."""
    try:
        return len(base64.b32decode(text)) == SECRET_BYTES
    except ValueError:
        return False


def picture_of(secret: str, firm: str, number: str) -> str:
    """The QR code that an application scans, as an SVG element without inline style."""
    label = quote(f"{firm}回访:{number}")
    address = f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': f'{firm}回访'})}"
    picture: str = segno.make(address, error="m").svg_inline(scale=4, border=2, light="#fff", dark="#000")
    return picture
