"""The channels of an installation, read from a YAML file; what is not in it goes to files in the outbox folder:

sms:
  url: https://sms.example.com/send
  headers:
    Authorization: ${SMS_TOKEN}         # from the environment, or the value itself
  form: json                            # json or form
  fields:
    mobile: "{手机号}"
    content: "{内容}"
    ref: "{编号}"                        # the same for every try
  answer:                               # what the answer must say; left out: any 2xx is good
    field: code
    value: "0"
  repeatable: no                        # yes: the gateway sends a ref only once, however often it gets it
email:
  host: smtp.example.com
  port: 587
  tls: starttls                         # starttls, tls or none
  user: review@example.com
  password: ${MAIL_PASSWORD}
  sender: review@example.com
im:                                     # takes what neither a text message nor a mail can tell
  url: https://im.example.com/notices
  secret: ${IM_SECRET}
events:
  url: https://core.example.com/events
  secret: ${EVENT_SECRET}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ruamel.yaml.nodes import Node

from campaign.sending.channels import Channel, Folder, HttpGateway, Mail, Webhook
from telephony.line_forms import HOST, LineForms
from telephony.simulator.errors import SheetError
from telephony.simulator.sheet import Sheet

EVENTS = "events"
_TLS: dict[str, Literal["starttls", "tls", "none"]] = {"starttls": "starttls", "tls": "tls", "none": "none"}
_FORMS: dict[str, Literal["json", "form"]] = {"json": "json", "form": "form"}


class ChannelsInvalid(Exception):
    """A file of channels that cannot be used; the message names every fault with its line."""


@dataclass(frozen=True, slots=True)
class Channels:
    """The ways out by name: sms, email, events, and im where there is one."""

    by_name: Mapping[str, Channel]

    def of(self, channel: str) -> Channel:
        """The channel of a notice or of events."""
        return self.by_name[channel]

    @property
    def im(self) -> bool:
        """Whether what would be left to a person can be sent."""
        return "im" in self.by_name


def to_files(folder: Path) -> Channels:
    """Nothing connected: notices and events become files."""
    return Channels({name: Folder(folder / name) for name in ("sms", "email", EVENTS)})


def load_channels(path: Path | None, folder: Path) -> Channels:
    """The channels of a file over the folders; raises ChannelsInvalid naming every fault."""
    if path is None:
        return to_files(folder)
    sheet = Sheet(path)
    try:
        reader = _Reader(sheet)
        read: dict[str, Callable[[Node], Channel]] = {
            "sms": reader.sms,
            "email": reader.mail,
            "im": reader.webhook,
            EVENTS: reader.webhook,
        }
        parts = sheet.fields(sheet.root(), (), tuple(read))
        named = {name: read[name](node) for name, node in parts.items()}
        sheet.raise_problems()
    except SheetError as error:
        raise ChannelsInvalid(str(error)) from error
    return Channels({**to_files(folder).by_name, **named})


class _Reader(LineForms):
    """Turns the nodes of one file into channels, noting problems."""

    def sms(self, node: Node) -> Channel:
        found = self.sheet.fields(node, ("url", "fields"), ("headers", "form", "answer", "repeatable"))
        fields = {name: self.sheet.text(value) for name, _, value in self.sheet.entries(found.get("fields"))}
        if fields and not any("{手机号}" in template for template in fields.values()):
            self.sheet.complain(found["fields"], "no field holds {手机号}: the gateway must know whom to text")
        return HttpGateway(
            url=self._url(found.get("url")),
            fields=fields,
            form=_FORMS[self.choice(found.get("form"), tuple(_FORMS), "json")],
            headers={name: self.secret(value) for name, _, value in self.sheet.entries(found.get("headers"))},
            answer=self._answer(found.get("answer")),
            repeatable=self.yes(found.get("repeatable"), False),
        )

    def _answer(self, node: Node | None) -> tuple[str, str] | None:
        if node is None:
            return None
        found = self.sheet.fields(node, ("field", "value"))
        return self.sheet.text(found.get("field")), self.sheet.text(found.get("value"))

    def mail(self, node: Node) -> Channel:
        found = self.sheet.fields(node, ("host", "sender"), ("port", "tls", "user", "password", "ca_file"))
        sender = self.sheet.text(found.get("sender"))
        if "sender" in found and "@" not in sender:
            self.sheet.complain(found["sender"], "an e-mail address belongs here")
        return Mail(
            host=self.matching(found.get("host"), HOST, "a host name or address", "mail.invalid"),
            sender=sender,
            port=self.port(found.get("port"), 587),
            tls=_TLS[self.choice(found.get("tls"), tuple(_TLS), "starttls")],
            user=self.sheet.text(found.get("user")),
            password=self.secret(found.get("password")),
            ca_file=self.sheet.text(found.get("ca_file")),
        )

    def webhook(self, node: Node) -> Channel:
        found = self.sheet.fields(node, ("url", "secret"))
        return Webhook(url=self._url(found.get("url")), secret=self.secret(found.get("secret")))

    def _url(self, node: Node | None) -> str:
        url = self.sheet.text(node)
        if node is not None and not url.startswith(("http://", "https://")):
            self.sheet.complain(node, "an http:// or https:// address belongs here")
        return url
