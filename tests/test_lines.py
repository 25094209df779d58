"""What an installation's settings let all hosts together put on each trunk."""

from __future__ import annotations

from pathlib import Path

import pytest

from firm_lines import NO_BOUND, lines_of
from models.lines import TOGETHER, LineCaps, Lines
from settings import Settings
from telephony.errors import TrunksInvalid
from telephony.gateway import Gateway
from telephony.recording import RecordingStore
from telephony.sip.dialer import SipDialer
from telephony.sip.trunk_file import load_trunks

TRUNKS = """
trunks:
  main: {host: 192.0.2.1, number: "95500", calls: 40, calls_per_second: 2.5}
  spare: {host: 192.0.2.2, number: "95500", calls: 10, calls_per_second: 0.5}
"""


@pytest.fixture
def trunks(tmp_path: Path) -> Path:
    (tmp_path / "trunks.yaml").write_text(TRUNKS)
    return tmp_path / "trunks.yaml"


def test_every_trunk_has_its_own_caps_and_all_together_a_bound_where_one_is_set(trunks: Path, tmp_path: Path) -> None:
    recordings = RecordingStore(tmp_path, bytes(32))
    dialer = SipDialer(load_trunks(trunks), recordings)
    each = (LineCaps("main", 40, 2.5), LineCaps("spare", 10, 0.5))
    assert lines_of(Settings(), dialer) == Lines(each)
    assert lines_of(Settings(line_calls=45), dialer) == Lines(each, LineCaps(TOGETHER, 45, NO_BOUND))
    gateway = Gateway("127.0.0.1", 0, recordings)
    assert lines_of(Settings(), gateway) is None
    assert lines_of(Settings(line_calls_per_second=3), gateway) == Lines((LineCaps("lines", NO_BOUND, 3),))


def test_a_trunk_needs_a_name_that_hosts_can_share(tmp_path: Path) -> None:
    (tmp_path / "trunks.yaml").write_text(TRUNKS.replace("spare", '"*"'))
    with pytest.raises(TrunksInvalid, match=r"trunks.yaml:4: \* is no name for a trunk"):
        load_trunks(tmp_path / "trunks.yaml")
