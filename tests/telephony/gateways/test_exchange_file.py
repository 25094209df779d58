"""The exchange in the file of trunks: every kind, and all faults at once with line and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from telephony.errors import TrunksInvalid
from telephony.gateways.exchange_file import load_exchange
from telephony.gateways.exchanges import Asterisk, Exchange, FreeSwitch, Twilio
from telephony.sip.trunk_file import load_trunks

ASTERISK = """exchange:
  kind: asterisk
  host: 10.0.0.5
  user: huifang
  password: ${ARI_PASSWORD}
  route: PJSIP/{number}@trunk
  media: audiosocket
  listen_port: 9092
  tls: yes
"""
FREESWITCH = """exchange:
  kind: freeswitch
  host: pbx.firm.example
  password: ClueCon
  route: sofia/gateway/trunk/{number}
  calls: 12
"""
TWILIO = """exchange:
  kind: twilio
  account: AC123
  token: ${ARI_PASSWORD}
  number: "+861087654321"
  public_url: https://calls.firm.example
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "trunks.yaml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            ASTERISK,
            Asterisk(
                "10.0.0.5", "huifang", "s3cret", "PJSIP/{number}@trunk",
                media="audiosocket", listen_port=9092, tls=True,
            ),
        ),
        (FREESWITCH, FreeSwitch("pbx.firm.example", "ClueCon", "sofia/gateway/trunk/{number}", calls=12)),
        (TWILIO, Twilio("AC123", "s3cret", "+861087654321", "https://calls.firm.example")),
    ],
)  # fmt: skip
def test_every_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: Exchange) -> None:
    monkeypatch.setenv("ARI_PASSWORD", "s3cret")
    exchange = load_exchange(written(tmp_path, text))
    assert exchange == expected
    assert "s3cret" not in repr(exchange)


def test_all_faults_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARI_PASSWORD", raising=False)
    text = ASTERISK.replace("{number}@trunk", "trunk").replace("9092", "99999").replace("audiosocket", "telegraph")
    with pytest.raises(TrunksInvalid) as raised:
        load_exchange(written(tmp_path, text.replace("  user: huifang\n", "  colour: red\n")))
    message = str(raised.value)
    for line, what in (
        (2, "user is missing"),
        (4, "colour"),
        (5, "ARI_PASSWORD is not in the environment: set it"),
        (6, "{number}"),
        (7, "websocket, audiosocket"),
        (8, "port"),
    ):
        assert f"trunks.yaml:{line}: " in message and what in message


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("exchange:\n  host: x\n", "kind is missing"),
        ("exchange:\n  kind: cisco\n", "asterisk, freeswitch, twilio"),
        ("exchange: []\n", "kind is missing"),
        (FREESWITCH + "trunks:\n  main:\n    host: x\n", "trunks is not known here"),
    ],
)
def test_what_is_no_exchange(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(TrunksInvalid, match=what):
        load_exchange(written(tmp_path, text))


def test_a_file_of_trunks_is_left_to_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNK_PASSWORD", "s3cret")
    path = written(tmp_path, "trunks:\n  main:\n    host: x\n    user: u\n    password: ${TRUNK_PASSWORD}\n")
    assert load_exchange(path) is None
    assert load_trunks(path)[0].password == "s3cret"
