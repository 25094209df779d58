"""SIP messages off the wire: what may be read, what is refused with which answer, what is dropped.

`sipmessage` parses; this file bounds sizes, unfolds lines, and checks what RFC 3261 §8.1.1 makes mandatory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sipmessage import Address, CSeq, Request, Response, Via
from sipmessage.message import COMPACT_FORMS, Message

from telephony.errors import BadMessage
from telephony.sip.phrases import phrase_of

HEAD_BYTES = 16 * 1024  # start line and headers
BODY_BYTES = 32 * 1024
HEADER_LINES = 200
SEQUENCE_LIMIT = 2**31  # RFC 3261 §8.1.1.5

_FOLD = re.compile(rb"\r\n[ \t]+")
_NAME = re.compile(r"([!%*+\-.0-9A-Z_`'a-z~]+)[ \t]*:(.*)", re.DOTALL)
_REQUEST_LINE = re.compile(r"([!%*+\-.0-9A-Z_`'a-z~]+) (\S+) (SIP/\d+\.\d+)")
_RECEIVED = re.compile(r"(;[ \t]*received[ \t]*=[ \t]*)([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)", re.IGNORECASE)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6]\d\d) (.*)")
_ONCE = ("From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type", "Expires")
_ECHOED = ("Via", "From", "To", "Call-ID", "CSeq")


@dataclass(frozen=True, slots=True)
class _Head:
    """A start line and headers, compact names written out; enough to refuse a message by."""

    start: str
    headers: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def refusal(self, status: int) -> bytes | None:
        """The answer to a request that cannot be taken; None for responses, ACK, and requests without a Via."""
        line = _REQUEST_LINE.fullmatch(self.start)
        if line is None or line[1] == "ACK" or not self.values("Via"):
            return None
        lines = [f"SIP/2.0 {status} {phrase_of(status)}"]
        lines += [f"{name}: {value}" for name in _ECHOED for value in self.values(name)]
        return "\r\n".join([*lines, "Content-Length: 0", "", ""]).encode()


def read(data: bytes, *, framed: bool = False) -> Request | Response:
    """The message in a datagram, or in a piece of a stream (`framed`: its length was cut by Content-Length).

    Raises `BadMessage` with the answer that its sender should get, if any (RFC 3261 §8.2, §18.3).
    """
    raw_head, separator, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not separator or len(raw_head) > HEAD_BYTES:
        raise BadMessage("a message without an end of its headers, or with more of them than anybody sends")
    head = _read_head(raw_head)
    body = _cut_body(head, body, framed)
    message = _parse(head, body)
    _check(head, message)
    return message


def _read_head(raw: bytes) -> _Head:
    try:
        lines = _FOLD.sub(b" ", raw).decode().split("\r\n")
    except UnicodeDecodeError as error:
        raise BadMessage("headers that are not UTF-8") from error
    if len(lines) > HEADER_LINES:
        raise BadMessage("more header lines than anybody sends")
    headers = []
    broken = False
    for line in lines[1:]:
        named = _NAME.fullmatch(line)
        if named is None or "\0" in line or "\n" in line or "\r" in line:
            broken = True
            continue
        headers.append((COMPACT_FORMS.get(named[1].lower(), named[1]), named[2].strip()))
    head = _Head(lines[0].strip(), tuple(headers))
    if broken:
        raise BadMessage("a line that is no header", head.refusal(400))
    return head


def _cut_body(head: _Head, body: bytes, framed: bool) -> bytes:
    stated = head.values("Content-Length")
    if not stated:
        if framed:
            raise BadMessage("no Content-Length in a stream", head.refusal(400))
        return body
    if not re.fullmatch(r"\d{1,9}", stated[0]) or int(stated[0]) > len(body):
        raise BadMessage("a Content-Length that is not the body's", head.refusal(400))
    if int(stated[0]) > BODY_BYTES:
        raise BadMessage("a body longer than anybody sends", head.refusal(513))
    return body[: int(stated[0])]


def _parse(head: _Head, body: bytes) -> Request | Response:
    request, status = _REQUEST_LINE.fullmatch(head.start), _STATUS_LINE.fullmatch(head.start)
    if request is None and status is None:
        raise BadMessage("a start line that is neither a request's nor a response's", _lenient_refusal(head))
    if request is not None:
        _check_request_line(head, request)
    lines = [head.start, *(f"{name}: {value}" for name, value in head.headers), "", ""]
    try:
        return Message.parse("\r\n".join(lines).encode() + body)
    except ValueError as error:
        raise BadMessage("a start line with a malformed address", head.refusal(400)) from error


def _lenient_refusal(head: _Head) -> bytes | None:
    """An answer to something that begins like a request (RFC 4475 §3.1.2.7 to §3.1.2.9)."""
    words = head.start.split()
    if len(words) < 3 or not words[-1].startswith("SIP/") or words[0].startswith("SIP/"):
        return None
    return _Head(f"{words[0]} x SIP/2.0", head.headers).refusal(400)


def _check_request_line(head: _Head, line: re.Match[str]) -> None:
    if line[3] != "SIP/2.0":
        raise BadMessage("another version of SIP", head.refusal(505))
    scheme = _SCHEME.match(line[2])
    if scheme is None:
        raise BadMessage("a start line with a malformed address", head.refusal(400))
    if scheme[1].lower() not in ("sip", "sips", "tel"):
        raise BadMessage("an address of a scheme that is not SIP's", head.refusal(416))


def _check(head: _Head, message: Request | Response) -> None:
    """What every message must have, once and well-formed (RFC 3261 §8.1.1, §20)."""
    refusal = head.refusal(400)
    for name in _ECHOED:
        if not head.values(name):
            raise BadMessage(f"no {name} header", refusal)
    for name in _ONCE:
        if len(head.values(name)) > 1:
            raise BadMessage(f"more than one {name} header", refusal)
    try:
        top_via(message)
        address_in(message.headers["From"]), address_in(message.headers["To"])
        cseq = message.cseq
        if isinstance(message, Response):
            _keep_readable(message, "Contact")
        for name in ("Contact", "Record-Route", "Route"):
            addresses_of(message, name)
    except ValueError as error:
        raise BadMessage("a header that cannot be read", refusal) from error
    if isinstance(message, Request):
        _check_request(message, cseq, refusal)


def _keep_readable(message: Message, name: str) -> None:
    """Leave out addresses that cannot be read: an answer with an odd Contact still is an answer."""
    kept = []
    for item in values_of(message, name):
        try:
            address_in(item)
        except ValueError:
            continue
        kept.append(item)
    message.headers.remove(name)
    for item in kept:
        message.headers.add(name, item)


def _check_request(request: Request, cseq: CSeq, refusal: bytes | None) -> None:
    if cseq.sequence >= SEQUENCE_LIMIT:
        raise BadMessage("a CSeq number beyond 2**31", refusal)
    if cseq.method != request.method:
        raise BadMessage("a CSeq of another method", refusal)
    hops = request.headers.get("Max-Forwards")
    if hops is not None and (not re.fullmatch(r"\d{1,9}", hops) or int(hops) > 255):
        raise BadMessage("a Max-Forwards that is no number up to 255", refusal)


# Reading single headers


def split_list(value: str) -> list[str]:
    """The elements of a comma-separated header, commas inside quotes and angle brackets left alone."""
    items, start, quoted, bracketed, escaped = [], 0, False, False, False
    for index, sign in enumerate(value):
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = sign == "\\", sign != '"'
        elif sign == '"':
            quoted = True
        elif sign in "<>":
            bracketed = sign == "<"
        elif sign == "," and not bracketed:
            items.append(value[start:index].strip())
            start = index + 1
    return [item for item in [*items, value[start:].strip()] if item]


def values_of(message: Message, name: str) -> list[str]:
    """The elements of a header in order, over all its lines."""
    return [item for line in message.headers.getlist(name) for item in split_list(line)]


def tokens_of(message: Message, name: str) -> frozenset[str]:
    """A header of option tags or method names as a set."""
    return frozenset(values_of(message, name))


def address_in(value: str) -> Address:
    """One address; raises ValueError. A name beyond ASCII need not be quoted, as many exchanges do not."""
    name, bracket, rest = value.partition("<")
    if bracket and not name.isascii() and '"' not in name:
        value = f'"{name.strip()}" <{rest}'
    return Address.parse(value)


def addresses_of(message: Message, name: str) -> list[Address]:
    """The addresses of a header; raises ValueError. A Contact of `*` is left out."""
    return [address_in(item) for item in values_of(message, name) if item != "*"]


def top_via(message: Message) -> Via:
    """The first Via; raises ValueError. An IPv6 address in `received` may stand without brackets (RFC 3261 §25.1)."""
    return Via.parse(_RECEIVED.sub(r"\1[\2]", values_of(message, "Via")[0]))


def tag_of(message: Message, name: str) -> str:
    """The tag of From or To, empty where there is none."""
    return address_in(message.headers[name]).parameters.get("tag") or ""
