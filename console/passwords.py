"""Passwords: hashed with Argon2id, checked in the same time whoever signs in, generated where none is given."""

from __future__ import annotations

import secrets
import threading
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 10  # characters
LONGEST = 200
AT_ONCE = 2  # hashes, each in 64 MiB
GENERATED = 16
# Without what is mistaken for something else when it is read out or typed from paper.
_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

_hasher = PasswordHasher()
_working = threading.BoundedSemaphore(AT_ONCE)


def hash_of(password: str) -> str:
    """What is kept of a password: Argon2id with a salt of its own."""
    with _working:
        return _hasher.hash(password)


def is_right(password: str, kept: str | None) -> bool:
    """Whether a password is the one whose hash was kept; None (no such user) takes as long and is never right."""
    with _working:
        try:
            return _hasher.verify(kept or _nobodys(), password[:LONGEST]) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def generated() -> str:
    """A password that nobody can guess, to be used once."""
    return "".join(secrets.choice(_LETTERS) for _ in range(GENERATED))


def fault_of(password: str, number: str = "") -> str:
    """What is wrong with a password that somebody chose; "": nothing."""
    if len(password) < SHORTEST:
        return f"密码太短：至少{SHORTEST}个字符，可以用几个不相干的词"
    if len(password) > LONGEST:
        return f"密码太长：最多{LONGEST}个字符"
    if len(set(password)) < 5 or (number and number.casefold() in password.casefold()):
        return "密码太容易猜：不要用重复的字符，不要包含工号"
    return ""


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return _hasher.hash(secrets.token_urlsafe())
