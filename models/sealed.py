"""Personal data at rest: columns that are encrypted, and digests by which they can still be found."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

from models.errors import KeyFileError, SealBroken

KEY_BYTES = 32


class Seal:
    """The key of one installation; every process installs one with `use_seal` before it opens the database."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        self._fernet = Fernet(base64.urlsafe_b64encode(key))
        self._digest_key = hashlib.sha256(b"digest" + key).digest()

    def close(self, text: str) -> bytes:
        """Encrypt a text."""
        return self._fernet.encrypt(text.encode())

    def open(self, data: bytes) -> str:
        """Decrypt a text; raises `SealBroken` when the key is another one."""
        try:
            return self._fernet.decrypt(data).decode()
        except InvalidToken as error:
            raise SealBroken(
                "the data was encrypted with another key: restore the key file of this database"
            ) from error

    def close_bytes(self, data: bytes) -> bytes:
        """Encrypt a piece of a file."""
        return self._fernet.encrypt(data)

    def open_bytes(self, data: bytes) -> bytes:
        """Decrypt a piece of a file; raises `SealBroken` when the key is another one, or the piece was cut off."""
        try:
            return self._fernet.decrypt(data)
        except InvalidToken as error:
            raise SealBroken("a piece of a file was encrypted with another key, or is damaged") from error

    def digest(self, text: str) -> str:
        """A keyed digest (64 hex digits) under which equal texts are found without being readable."""
        return hmac.new(self._digest_key, text.encode(), hashlib.sha256).hexdigest()


_seal: Seal | None = None


def use_seal(seal: Seal) -> None:
    """Install the key of this process."""
    global _seal  # SQLAlchemy's column types are module-level values: so is the key that they use
    _seal = seal


def current_seal() -> Seal:
    """The installed key; raises `KeyFileError` when `use_seal` was forgotten."""
    if _seal is None:
        raise KeyFileError("no key installed: call models.use_seal(load_seal(...)) first")
    return _seal


def load_seal(key_text: str, key_file: Path) -> Seal:
    """The key from the environment, else from `key_file`, which is made (mode 600) at first use."""
    if key_text:
        return Seal(_decoded(key_text, "HUIFANG_SECRET_KEY"))
    if not key_file.exists():
        key_file.parent.mkdir(parents=True, exist_ok=True)
        key_file.touch(mode=0o600)
        key_file.write_text(base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
    return Seal(_decoded(key_file.read_text(), str(key_file)))


def _decoded(text: str, place: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError as error:
        raise KeyFileError(f"{place} is not base64: give 32 bytes in base64") from error
    if len(key) != KEY_BYTES:
        raise KeyFileError(f"{place} holds {len(key)} bytes: give 32 bytes in base64")
    return key


class Sealed(TypeDecorator[str]):
    """A text column that is encrypted at rest (T/SAC 002-2024 §7.3.5)."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else current_seal().close(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        return None if value is None else current_seal().open(value)


class SealedJson(Sealed):
    """A JSON text that is encrypted at rest; one that cannot be opened reads as "", which no JSON text is.

    A row of a log that is damaged so keeps no other from being read.
    """

    cache_ok = True

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        try:
            return super().process_result_value(value, dialect)
        except SealBroken:
            return ""
