"""One-time codes against the vectors of RFC 6238 appendix B (SHA-1) and RFC 4226 appendix D."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from console.totp import STEP_SECONDS, accepted_step, code_of, is_secret, new_secret, picture_of, step_at

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_rfc_6238(at: int, code: str) -> None:
    assert code_of(SECRET, step_at(datetime.fromtimestamp(at, UTC)), digits=8) == code


def test_rfc_4226() -> None:
    codes = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
    assert [code_of(SECRET, step) for step in range(10)] == codes


def test_a_code_counts_a_step_early_and_late_and_once() -> None:
    now = datetime.fromtimestamp(59, UTC)  # within step 1, whose code is 287082
    assert accepted_step(SECRET, "287 082", now) == 1
    assert accepted_step(SECRET, "287082", now + timedelta(seconds=STEP_SECONDS)) == 1
    assert accepted_step(SECRET, "287082", now - timedelta(seconds=STEP_SECONDS)) == 1
    assert accepted_step(SECRET, "287082", now + timedelta(seconds=2 * STEP_SECONDS)) is None
    assert accepted_step(SECRET, "287082", now, after=1) is None
    assert accepted_step(SECRET, "２８７０８２", now) == 1  # a Chinese keyboard's full width
    assert accepted_step(SECRET, "二八七〇八二", now) is None
    assert accepted_step(SECRET, "", now) is None


def test_secrets_are_told_from_other_texts() -> None:
    assert is_secret(new_secret()) and new_secret() != new_secret()
    for text in ("", "x", "AAAA", SECRET.lower()):
        assert not is_secret(text)


def test_the_picture_is_drawn_without_inline_style() -> None:
    picture = picture_of(SECRET, "华夏安信证券", "8201")
    assert picture.startswith("<svg") and "style" not in picture and "http" not in picture
