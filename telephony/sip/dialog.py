"""Dialogs (RFC 3261 §12): what both sides remember of each other between requests."""

from __future__ import annotations

from dataclasses import dataclass

from sipmessage import URI, Address, CSeq, Request, Response

from telephony.sip.composing import MAGIC
from telephony.sip.hop import Hop, Transport, bracketed, hop_of
from telephony.sip.message import addresses_of, split_list, tag_of


@dataclass(frozen=True, slots=True)
class Local:
    """Where we are to be reached: what goes into Via and Contact."""

    host: str
    port: int
    transport: Transport = Transport.UDP
    user: str = "huifang"

    @property
    def contact(self) -> str:
        """The value of Contact."""
        suffix = "" if self.transport is Transport.UDP else f";transport={self.transport.lower()}"
        return f"<sip:{self.user}@{bracketed(self.host)}:{self.port}{suffix}>"

    def via(self, branch: str) -> str:
        """A Via with a branch that nobody has used; asks for the port of the answer (RFC 3581).

        Over a stream it lets the peer send its own requests back on the same connection (RFC 5923).
        """
        reuse = ";alias" if self.transport.reliable else ""
        return f"SIP/2.0/{self.transport} {bracketed(self.host)}:{self.port};branch={MAGIC}{branch};rport{reuse}"


@dataclass(slots=True)
class Dialog:
    """One dialog; `sequence` and `remote_sequence` are the numbers used last."""

    call_id: str
    local_uri: str  # From or To of ours, with our tag
    remote_uri: str  # of theirs, with their tag
    local_tag: str
    remote_tag: str
    target: URI
    route: tuple[str, ...]
    sequence: int
    remote_sequence: int = -1
    confirmed: bool = False
    invite_sequence: int = 0  # of the INVITE that its ACK repeats
    transport: Transport = Transport.UDP  # where the target names none

    @property
    def hop(self) -> Hop:
        """Where requests go (§12.2.1.1): the first route, else the target."""
        return hop_of(Address.parse(self.route[0]).uri if self.route else self.target, self.transport)

    def refresh(self, message: Request | Response) -> None:
        """Take the new remote target of a re-INVITE, an UPDATE, or a response to them (§12.2.1.2, §12.2.2)."""
        contacts = addresses_of(message, "Contact")
        if contacts and contacts[0].uri.scheme in ("sip", "sips"):
            self.target = contacts[0].uri

    def request(self, method: str, local: Local, branch: str) -> Request:
        """The next request in this dialog (§12.2.1.1); ACK and CANCEL have ways of their own."""
        self.sequence += 1
        return self._make(method, self.sequence, local, branch)

    def ack(self, local: Local, branch: str, sequence: int | None = None) -> Request:
        """The ACK to a 2xx, a transaction of its own (§13.2.2.4)."""
        return self._make("ACK", sequence if sequence is not None else self.invite_sequence, local, branch)

    def accepts(self, request: Request) -> bool:
        """Whether a request comes in order (§12.2.2); notes its number."""
        number = request.cseq.sequence
        if number < self.remote_sequence or (number == self.remote_sequence and request.method != "ACK"):
            return False
        self.remote_sequence = number
        return True

    def _make(self, method: str, sequence: int, local: Local, branch: str) -> Request:
        request = Request(method, self.target)
        loose = not self.route or "lr" in Address.parse(self.route[0]).uri.parameters
        routes = self.route
        if not loose:  # a strict router of RFC 2543 (§12.2.1.1)
            request.uri = Address.parse(self.route[0]).uri
            routes = (*self.route[1:], f"<{self.target}>")
        request.headers.set("Via", local.via(branch))
        request.headers.set("Max-Forwards", "70")
        request.headers.set("From", self.local_uri)
        request.headers.set("To", self.remote_uri)
        request.headers.set("Call-ID", self.call_id)
        request.cseq = CSeq(sequence, method)
        if method in ("INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER", "ACK"):
            request.headers.set("Contact", local.contact)
        for route in routes:
            request.headers.add("Route", route)
        return request


def from_response(invite: Request, response: Response, hop: Hop) -> Dialog:
    """The caller's dialog by a 1xx or 2xx with a tag (§12.1.2); raises ValueError."""
    contacts = [each.uri for each in addresses_of(response, "Contact") if each.uri.scheme in ("sip", "sips")]
    target = contacts[0] if contacts else invite.uri
    return Dialog(
        call_id=invite.call_id,
        local_uri=invite.headers["From"], remote_uri=response.headers["To"],
        local_tag=tag_of(invite, "From"), remote_tag=tag_of(response, "To"),
        target=target, route=tuple(reversed(_routes(response))),
        sequence=invite.cseq.sequence, invite_sequence=invite.cseq.sequence,
        confirmed=response.code >= 200, transport=hop.transport,
    )  # fmt: skip


def from_request(invite: Request, local_tag: str, source: Hop) -> Dialog:
    """The callee's dialog by an INVITE (§12.1.1); raises ValueError."""
    contacts = [each.uri for each in addresses_of(invite, "Contact") if each.uri.scheme in ("sip", "sips")]
    if not contacts:
        raise ValueError("an INVITE without a Contact")
    return Dialog(
        call_id=invite.call_id,
        local_uri=f"{invite.headers['To']};tag={local_tag}", remote_uri=invite.headers["From"],
        local_tag=local_tag, remote_tag=tag_of(invite, "From"),
        target=contacts[0], route=tuple(_routes(invite)),
        sequence=0, remote_sequence=invite.cseq.sequence, transport=source.transport,
    )  # fmt: skip


def _routes(message: Request | Response) -> list[str]:
    return [item for line in message.headers.getlist("Record-Route") for item in split_list(line)]
