"""S3-compatible storage as an archive.

A recording is sent in parts of 16 MiB, so that an hour needs little memory. Its ETag must be the one that the parts
give; where the storage makes ETags of its own (encryption by the server's keys), all bytes are read back instead.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error
from minio.helpers import check_bucket_name

from telephony.archive import Archive, FolderArchive, conflict_of, damage_of, holds
from telephony.errors import ArchiveAway, ArchiveInvalid

PART_BYTES = 16 * 1024 * 1024
CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0

_AMAZON = "s3.amazonaws.com"
_SCHEMES = {"s3": True, "s3+https": True, "s3+http": False}  # whether it is encrypted on the way
_NOTHING = frozenset({"NoSuchKey", "NoSuchObject", "ResourceNotFound"})
_REMEDIES = {
    "NoSuchBucket": "请创建这个存储桶，或改正 HUIFANG_ARCHIVE",
    "AccessDenied": "请允许这个访问密钥在那里读写",
    "InvalidAccessKeyId": "请改正 HUIFANG_ARCHIVE_ACCESS_KEY",
    "SignatureDoesNotMatch": "请改正 HUIFANG_ARCHIVE_SECRET_KEY",
    "RequestTimeTooSkewed": "请校准本机时钟",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """With what the storage lets us in; `secret` is never printed."""

    access: str
    secret: str
    region: str = "us-east-1"

    def __repr__(self) -> str:
        return "Credentials(…)"


def open_archive(address: str, credentials: Credentials) -> Archive | None:
    """The archive that an address names, None for an empty one; raises `ArchiveInvalid`. Nothing is asked of it yet."""
    if not address:
        return None
    if address.startswith("/"):
        return FolderArchive(Path(address))
    faults = list(_faults(address, credentials))
    if faults:
        raise ArchiveInvalid("the archive cannot be used: " + "; ".join(faults))
    return S3Archive(address, credentials)


def _faults(address: str, credentials: Credentials) -> Iterator[str]:
    parts = urlsplit(address)
    if parts.scheme not in _SCHEMES:
        yield "HUIFANG_ARCHIVE: give a folder (/…), s3://bucket/prefix or s3+https://host/bucket/prefix"
        return
    if "@" in parts.netloc:
        yield "HUIFANG_ARCHIVE: leave the keys out; they belong into HUIFANG_ARCHIVE_ACCESS_KEY and _SECRET_KEY"
    elif not parts.netloc:
        yield "HUIFANG_ARCHIVE: the host or the bucket is missing"
    elif parts.query or parts.fragment:
        yield "HUIFANG_ARCHIVE: nothing may follow the prefix"
    else:
        try:
            check_bucket_name(_bucket_and_prefix(address)[0], strict=True)
            _ = parts.port
        except ValueError as error:
            yield f"HUIFANG_ARCHIVE: {str(error).rstrip('.')}"
    if not credentials.access:
        yield "HUIFANG_ARCHIVE_ACCESS_KEY is missing"
    if not credentials.secret:
        yield "HUIFANG_ARCHIVE_SECRET_KEY is missing"


def _bucket_and_prefix(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    path = f"{parts.netloc}{parts.path}" if parts.scheme == "s3" else parts.path
    bucket, _, prefix = path.strip("/").partition("/")
    return bucket, prefix


class S3Archive:
    """A bucket, or what lies under a prefix of it."""

    def __init__(self, address: str, credentials: Credentials) -> None:
        scheme, host = urlsplit(address).scheme, urlsplit(address).netloc
        self._place = address.rstrip("/")
        self._bucket, self._prefix = _bucket_and_prefix(address)
        self._client = Minio(
            _AMAZON if scheme == "s3" else host,
            credentials.access,
            credentials.secret,
            secure=_SCHEMES[scheme],
            region=credentials.region,
            http_client=urllib3.PoolManager(
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
                retries=urllib3.Retry(1, redirect=0, backoff_factor=0.2),
                maxsize=4,
                ssl_context=ssl.create_default_context(),
            ),
        )

    @property
    def place(self) -> str:
        """The address, which holds no credential."""
        return self._place

    def keep(self, name: str, path: Path) -> None:
        """Send, and compare the ETag or, where that says nothing, every byte."""
        size, expected = path.stat().st_size, etag_of(path)
        stored = self._stat(name)
        if stored is not None:
            if stored == (size, expected) or holds(self, name, path):
                return
            raise conflict_of(self.place, name)
        with path.open("rb") as file:
            self._put(name, file, size)
        if self._stat(name) != (size, expected) and not holds(self, name, path):
            self._take_back(name)
            raise damage_of(self.place, name)

    def size_of(self, name: str) -> int | None:
        """One request."""
        stored = self._stat(name)
        return stored[0] if stored else None

    def read(self, name: str, start: int, end: int) -> bytes:
        """One request for that range."""
        with self._asked():
            answer = self._client.get_object(self._bucket, self._key(name), offset=start, length=end - start)
            try:
                data = answer.read()
            finally:
                answer.close()
                answer.release_conn()
        if len(data) != end - start:
            raise ArchiveAway(f"归档存储 {self.place} 中途断开，没有读完 {name}：请再试")
        return data

    def _stat(self, name: str) -> tuple[int, str] | None:
        """Size and ETag of an object."""
        with self._asked():
            try:
                found = self._client.stat_object(self._bucket, self._key(name))
            except S3Error as error:
                if error.code in _NOTHING:
                    return None
                raise
        return found.size or 0, (found.etag or "").strip('"')

    def _put(self, name: str, file: BinaryIO, size: int) -> None:
        with self._asked():
            self._client.put_object(
                self._bucket, self._key(name), file, size, part_size=PART_BYTES, num_parallel_uploads=1
            )

    def _take_back(self, name: str) -> None:
        """Remove what has just been sent and is not what it should be; a storage that forbids it keeps it."""
        with suppress(ArchiveAway), self._asked():
            self._client.remove_object(self._bucket, self._key(name))

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except S3Error as error:
            remedy = _REMEDIES.get(error.code or "", "请查看存储的日志")
            raise ArchiveAway(f"归档存储 {self.place} 拒绝（{error.code}）：{remedy}") from None
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            why = type(getattr(error, "reason", None) or error).__name__
            raise ArchiveAway(f"归档存储 {self.place} 没有应答（{why}），会自动再试") from None


def etag_of(path: Path, part_bytes: int = PART_BYTES) -> str:
    """The ETag that S3 gives to a file sent in such parts: its MD5, or that of its parts' MD5s with their number."""
    digests: list[bytes] = []
    with path.open("rb") as file:
        while True:
            part = file.read(part_bytes)
            if not part and digests:
                break
            digests.append(hashlib.md5(part, usedforsecurity=False).digest())
    if len(digests) == 1:
        return digests[0].hex()
    return f"{hashlib.md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"
