"""The ways out against real receivers: an HTTP server, an SMTP server, a folder."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from campaign.sending.channels import Folder, HttpGateway, Letter, Mail, Webhook
from rules.postings import Sending
from tests.ports import free_port

AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
LETTER = Letter(
    key="notice-7",
    at=AT,
    kind="review_sms",
    client="C001",
    phone="13800001111",
    email="client@example.com",
    subject="客户回访告知",
    text='【华夏安信证券】请致电"95500"。',
)


@dataclass
class Receiver:
    """An HTTP server that answers as it is told and keeps what it got."""

    url: str = ""
    status: int = 200
    answer: str = "{}"
    breaks_off: bool = False
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        if self.breaks_off and request.transport is not None:
            request.transport.close()
        return web.Response(status=self.status, text=self.answer)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    one = Receiver()
    app = web.Application()
    app.router.add_post("/take", one.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    one.url = f"{site.name}/take".replace(":0/", f":{runner.addresses[0][1]}/")
    yield one
    await runner.cleanup()


def gateway(url: str, **changes: Any) -> HttpGateway:
    return HttpGateway(url, {"mobile": "{手机号}", "content": "{内容}", "ref": "{编号}"}, **changes)


async def test_a_gateway_gets_the_fields_that_were_asked_for(receiver: Receiver) -> None:
    sent = await gateway(receiver.url, headers={"Authorization": "Bearer t"}).send(LETTER)
    assert sent.sending is Sending.ARRIVED
    ((headers, body),) = receiver.got
    assert json.loads(body) == {"mobile": "13800001111", "content": LETTER.text, "ref": "notice-7"}
    assert headers["Authorization"] == "Bearer t"


async def test_a_gateway_may_want_a_form(receiver: Receiver) -> None:
    await gateway(receiver.url, form="form").send(LETTER)
    ((headers, body),) = receiver.got
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert b"mobile=13800001111" in body


@pytest.mark.parametrize(
    ("status", "answer", "sending"),
    [
        (200, '{"code": 0}', Sending.ARRIVED),
        (200, '{"code": "0"}', Sending.ARRIVED),
        (200, '{"code": 17}', Sending.REFUSED),
        (200, "<html>ok</html>", Sending.UNKNOWN),
        (200, "[]", Sending.UNKNOWN),
        (401, "", Sending.REFUSED),
        (429, "", Sending.REFUSED),
        (503, "", Sending.REFUSED),
        (301, "", Sending.REFUSED),
        (500, "", Sending.UNKNOWN),
        (504, "", Sending.UNKNOWN),
    ],
)
async def test_what_a_gateway_answers_decides(receiver: Receiver, status: int, answer: str, sending: Sending) -> None:
    receiver.status, receiver.answer = status, answer
    sent = await gateway(receiver.url, answer=("code", "0")).send(LETTER)
    assert sent.sending is sending
    assert len(receiver.got) == 1
    assert "1380000" not in sent.trouble


async def test_a_gateway_that_breaks_off_may_have_sent_it(receiver: Receiver) -> None:
    receiver.breaks_off = True
    assert (await gateway(receiver.url).send(LETTER)).sending is Sending.UNKNOWN


async def test_a_gateway_that_is_not_there_has_not_sent_it() -> None:
    assert (await gateway(f"http://127.0.0.1:{free_port()}/").send(LETTER)).sending is Sending.REFUSED


async def test_a_webhook_is_signed_over_what_arrives(receiver: Receiver) -> None:
    body = {"id": "e1", "type": "task.status_changed", "data": {"status": "已完成：已回访"}}
    event = Letter("e1", AT, "task.status_changed", "C001", body=body)
    assert (await Webhook(receiver.url, "s3cret").send(event)).sending is Sending.ARRIVED
    ((headers, arrived),) = receiver.got
    assert json.loads(arrived) == body
    signed = f"e1.{headers['webhook-timestamp']}.".encode() + arrived
    expected = base64.b64encode(hmac.new(b"s3cret", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60


@dataclass
class Mailbox:
    """What an SMTP server took, and what it says to a message."""

    says: str = "250 OK"
    took: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        message = message_from_bytes(envelope.original_content or b"", policy=modern)
        assert isinstance(message, EmailMessage)
        self.took.append(message)
        return self.says


@pytest.fixture
async def mail() -> AsyncIterator[tuple[Mailbox, Mail]]:
    box, port = Mailbox(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port, ready_timeout=60)
    await asyncio.to_thread(controller.start)
    yield box, Mail("127.0.0.1", "review@firm.example", port, tls="none")
    await asyncio.to_thread(controller.stop)


async def test_a_mail_arrives_as_it_was_written(mail: tuple[Mailbox, Mail]) -> None:
    box, channel = mail
    assert (await channel.send(LETTER)).sending is Sending.ARRIVED
    assert (await channel.send(LETTER)).sending is Sending.ARRIVED
    first, second = box.took
    assert (first["To"], first["From"], first["Subject"]) == (
        "client@example.com",
        "review@firm.example",
        "客户回访告知",
    )
    assert first.get_content().strip() == LETTER.text
    assert first["Message-ID"] == second["Message-ID"]


async def test_a_server_that_refuses_a_mail_has_not_sent_it(mail: tuple[Mailbox, Mail]) -> None:
    box, channel = mail
    box.says = "552 mailbox full"
    assert (await channel.send(LETTER)).sending is Sending.REFUSED


async def test_a_server_that_goes_silent_after_the_mail_may_have_sent_it() -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while not (await reader.readline()).upper().startswith(b"DATA"):
            writer.write(b"250 ok\r\n")
        writer.write(b"354 go\r\n")
        await reader.readuntil(b"\r\n.\r\n")  # the whole message is here, and no answer comes
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        sent = await Mail("127.0.0.1", "review@firm.example", port, tls="none").send(LETTER)
    assert sent.sending is Sending.UNKNOWN


async def test_a_mail_server_that_is_not_there_has_not_sent_it() -> None:
    sent = await Mail("127.0.0.1", "review@firm.example", free_port(), tls="none").send(LETTER)
    assert sent.sending is Sending.REFUSED


async def test_a_folder_holds_each_letter_once_and_no_telephone_number(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "outbox")
    for _ in range(2):
        assert (await folder.send(LETTER)).sending is Sending.ARRIVED
    (file,) = (path for path in (tmp_path / "outbox").rglob("*") if path.is_file())
    assert (file.parent.name, file.stat().st_mode & 0o777) == ("2026-11-20", 0o600)
    written = json.loads(file.read_text())
    assert (written["客户号"], written["内容"]) == ("C001", LETTER.text)
    assert "13800001111" not in file.read_text()


async def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file in the way")
    assert (await Folder(tmp_path / "outbox").send(LETTER)).sending is Sending.REFUSED
