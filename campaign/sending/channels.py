"""The ways out of the house: SMS by an HTTP gateway, e-mail, signed webhooks, and files where nothing is connected.

A channel is given one posting and says whether it arrived, was refused, or may have arrived; it never raises for what
the far end does. What a channel reports holds no telephone number, address or text of a client.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import smtplib
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Literal, Protocol

import aiohttp

from rules.postings import Sending

SECONDS = 20.0  # the deadline of one try
MOST_REPLY = 65_536  # bytes read of what a gateway answers
# What HTTP says was surely not carried out; other failures may come from a relay behind which it was.
_REFUSALS = frozenset({*range(300, 500), 503}) - {408}


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent: a notice to a client, or an event (`body`) to the firm's system.

    `key` is the same for every try. `client` is the 客户号.
    """

    key: str
    at: datetime
    kind: str
    client: str
    phone: str = ""
    email: str = ""
    subject: str = ""
    text: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a try came to, and why where it failed."""

    sending: Sending
    trouble: str = ""


ARRIVED = Sent(Sending.ARRIVED)


class Channel(Protocol):
    """A way out; `repeatable`: the far end drops a letter whose key it has seen."""

    @property
    def repeatable(self) -> bool: ...

    async def send(self, letter: Letter) -> Sent:
        """Send one letter within 20 s."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """Writes one file a letter, for a system that fetches them; the client is named by the 客户号 alone (§7.3.5)."""

    path: Path
    repeatable: bool = True

    async def send(self, letter: Letter) -> Sent:
        """The same letter is the same file, so a repeat changes nothing."""
        try:
            await asyncio.to_thread(self._write, letter)
        except OSError as error:
            return Sent(Sending.REFUSED, f"写入{self.path}失败：{error.strerror}")
        return ARRIVED

    def _write(self, letter: Letter) -> None:
        folder = self.path / f"{letter.at:%Y-%m-%d}"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = dict(letter.body) or {
            "编号": letter.key,
            "时间": letter.at.isoformat(),
            "事项": letter.kind,
            "客户号": letter.client,
            "内容": letter.text,
        }
        name = letter.key.replace("/", "_")
        draft = folder / f".{name}.part"
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / f"{name}.json")


@dataclass(frozen=True, slots=True)
class HttpGateway:
    """An SMS gateway: one POST a notice; `fields` are templates that hold {手机号}, {内容}, {编号}, {客户号}.

    `answer`: a field of the JSON answer and the value that it has when the gateway took the notice.
    """

    url: str
    fields: Mapping[str, str]
    form: Literal["json", "form"] = "json"
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: tuple[str, str] | None = None
    repeatable: bool = False

    async def send(self, letter: Letter) -> Sent:
        """One request; what the gateway answers decides."""
        values = {"手机号": letter.phone, "内容": letter.text, "编号": letter.key, "客户号": letter.client}
        fields = {name: filled(template, values) for name, template in self.fields.items()}
        content: dict[str, Any] = {"json": fields} if self.form == "json" else {"data": fields}
        return await _post(self.url, self.headers, content, self.answer)


@dataclass(frozen=True, slots=True)
class Webhook:
    """An HTTP receiver of signed messages, by the Standard Webhooks convention (headers webhook-id, -timestamp,
    -signature: HMAC-SHA256 over id, time and body); receivers drop an id that they have seen.
    """

    url: str
    secret: str
    repeatable: bool = True

    async def send(self, letter: Letter) -> Sent:
        """One signed request; any 2xx answer is taken as received."""
        body = dict(letter.body) or {
            "id": letter.key,
            "type": f"notice.{letter.kind}",
            "timestamp": letter.at.isoformat(),
            "data": {"client": letter.client, "text": letter.text},
        }
        content = json.dumps(body, ensure_ascii=False).encode()
        timestamp = str(int(time.time()))  # of this try: receivers drop what is old, lest it be played back
        headers = {
            "Content-Type": "application/json",
            "webhook-id": letter.key,
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(self.secret, letter.key, timestamp, content),
        }
        return await _post(self.url, headers, {"data": content}, None)


def signature(secret: str, key: str, timestamp: str, body: bytes) -> str:
    """The signature of a webhook: `v1,` and the base64 of the HMAC-SHA256 of "id.timestamp.body"."""
    signed = f"{key}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256)).decode()


def filled(template: str, values: Mapping[str, str]) -> str:
    """A template with its {placeholders} filled; other braces stay."""
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template


async def _post(
    url: str, headers: Mapping[str, str], content: Mapping[str, Any], answer: tuple[str, str] | None
) -> Sent:
    deadline = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=deadline) as session,
            session.post(url, headers=headers, allow_redirects=False, **content) as reply,
        ):
            text = await reply.content.read(MOST_REPLY)
            return _judged(reply.status, text, answer)
    except aiohttp.ClientConnectorError:
        return Sent(Sending.REFUSED, "无法连接到接收方")
    except (aiohttp.ClientError, TimeoutError) as error:
        return Sent(Sending.UNKNOWN, f"发送中断（{type(error).__name__}），不能确认对方是否收到")


def _judged(status: int, text: bytes, answer: tuple[str, str] | None) -> Sent:
    if status in _REFUSALS:
        return Sent(Sending.REFUSED, f"对方拒绝（HTTP {status}）")
    if not 200 <= status < 300:
        return Sent(Sending.UNKNOWN, f"对方出错（HTTP {status}），不能确认是否收到")
    if answer is None:
        return ARRIVED
    name, value = answer
    try:
        said = json.loads(text).get(name)
    except (ValueError, AttributeError):
        return Sent(Sending.UNKNOWN, "对方的应答不是JSON对象，不能确认是否收到")
    return ARRIVED if str(said) == value else Sent(Sending.REFUSED, f"对方拒绝（{name}不是{value}）")


@dataclass(frozen=True, slots=True)
class Mail:
    """An SMTP server; a message keeps its Message-ID over all tries."""

    host: str
    sender: str
    port: int = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = ""
    ca_file: str = ""
    repeatable: bool = False

    async def send(self, letter: Letter) -> Sent:
        """One message to the client's address; the server's refusal is told apart from a line that broke."""
        return await asyncio.to_thread(self._send, letter)

    def _send(self, letter: Letter) -> Sent:
        handed = False
        try:
            with self._server() as server:
                if self.user:
                    server.login(self.user, self.password)
                handed = True
                server.send_message(self._message(letter))
        except smtplib.SMTPServerDisconnected as error:
            sending = Sending.UNKNOWN if handed else Sending.REFUSED
            return Sent(sending, f"邮件服务器断开连接（{type(error).__name__}）")
        except smtplib.SMTPException as error:
            return Sent(Sending.REFUSED, f"邮件服务器拒绝（{type(error).__name__}）")
        except OSError as error:
            return Sent(Sending.UNKNOWN if handed else Sending.REFUSED, f"邮件服务器没有应答（{type(error).__name__}）")
        return ARRIVED

    def _server(self) -> smtplib.SMTP:
        trust = ssl.create_default_context(cafile=self.ca_file or None)
        if self.tls == "tls":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=SECONDS, context=trust)
        server = smtplib.SMTP(self.host, self.port, timeout=SECONDS)
        if self.tls == "starttls":
            server.starttls(context=trust)
        return server

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, letter.email, letter.subject
        message["Date"] = format_datetime(letter.at)
        message["Message-ID"] = f"<{letter.key.replace('/', '.')}@{self.sender.rpartition('@')[2]}>"
        message.set_content(letter.text)
        return message
