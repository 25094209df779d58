"""Where other hosts' pages lead for the calls of this one."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from settings import Settings


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""),
        ("https://hf1.example.com:8000/", "https://hf1.example.com:8000"),
        ("http://10.0.0.1", "http://10.0.0.1"),
        ("http://[fd00::1]:8000", "http://[fd00::1]:8000"),
    ],
)
def test_an_address_of_a_console(given: str, kept: str) -> None:
    assert Settings(console_url=given).console_url == kept


@pytest.mark.parametrize(
    "given", ["hf1.example.com", "javascript:alert(1)", "https://a@b", "https://hf1/agent", f"http://{'h' * 181}"]
)
def test_what_leads_to_no_console_is_refused(given: str) -> None:
    with pytest.raises(ValidationError, match="address of this host's console"):
        Settings(console_url=given)
