"""The file of channels: what it may say, and every fault at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaign.sending.channel_file import ChannelsInvalid, load_channels
from campaign.sending.channels import Folder, HttpGateway, Mail, Webhook

GOOD = """\
sms:
  url: https://sms.example.com/send
  headers:
    Authorization: ${SMS_TOKEN}
  fields:
    mobile: "{手机号}"
    content: "{内容}"
  answer:
    field: code
    value: "0"
email:
  host: smtp.example.com
  sender: review@example.com
  password: secret
im:
  url: https://im.example.com/
  secret: abc
events:
  url: https://core.example.com/
  secret: def
"""

BAD = """\
sms:
  url: sms.example.com
  headers:
    Authorization: ${NOT_SET_ANYWHERE}
  fields:
    content: "{内容}"
email:
  host: smtp.example.com
  sender: nobody
  tls: maybe
fax:
  url: https://x
events:
  url: https://core.example.com/
"""


def test_every_channel_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_TOKEN", "Bearer t")
    (tmp_path / "channels.yaml").write_text(GOOD)
    channels = load_channels(tmp_path / "channels.yaml", tmp_path)
    sms = channels.of("sms")
    assert isinstance(sms, HttpGateway)
    assert (sms.headers, sms.answer, sms.repeatable) == ({"Authorization": "Bearer t"}, ("code", "0"), False)
    assert isinstance(channels.of("email"), Mail)
    assert channels.of("events") == Webhook("https://core.example.com/", "def")
    assert channels.im


def test_without_a_file_everything_goes_to_folders(tmp_path: Path) -> None:
    channels = load_channels(None, tmp_path)
    assert channels.of("sms") == Folder(tmp_path / "sms")
    assert channels.of("events") == Folder(tmp_path / "events")
    assert not channels.im


def test_every_fault_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "channels.yaml"
    path.write_text(BAD)
    with pytest.raises(ChannelsInvalid) as caught:
        load_channels(path, tmp_path)
    told = str(caught.value)
    for line, words in (
        (2, "http:// or https://"),
        (4, "NOT_SET_ANYWHERE"),
        (6, "{手机号}"),
        (9, "e-mail address"),
        (10, "starttls"),
        (11, "fax is not known"),
        (14, "secret is missing"),
    ):
        assert any(f"channels.yaml:{line}:" in each and words in each for each in told.splitlines()), (line, told)
