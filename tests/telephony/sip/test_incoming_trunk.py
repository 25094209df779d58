"""Which trunks take calls, as their file says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from telephony.errors import TrunksInvalid
from telephony.sip.trunk_file import load_trunks

FILE = """
trunks:
  both:
    host: 192.0.2.1
    number: "95500"
  out:
    host: 192.0.2.2
    number: "95500"
    incoming: {incoming}
"""


def test_a_trunk_takes_calls_unless_it_is_for_outgoing_ones_only(tmp_path: Path) -> None:
    path = tmp_path / "trunks.yaml"
    path.write_text(FILE.format(incoming="no"), encoding="utf-8")
    assert [trunk.incoming for trunk in load_trunks(path)] == [True, False]


def test_what_is_neither_yes_nor_no_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "trunks.yaml"
    path.write_text(FILE.format(incoming="perhaps"), encoding="utf-8")
    with pytest.raises(TrunksInvalid, match="9"):
        load_trunks(path)
