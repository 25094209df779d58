"""A peer written out by hand: reads what an agent sends, answers and asks with plain text, on a virtual clock."""

from __future__ import annotations

import random

from sipmessage import Request, Response

from telephony.sip.agent import Agent
from telephony.sip.alarms import Intervals
from telephony.sip.dialog import Local
from telephony.sip.digest import Account, Authenticator
from telephony.sip.hop import Hop
from telephony.sip.message import read

FAR = Hop("192.0.2.2", 5060)
SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"


class Peer:
    """The far end of one agent."""

    def __init__(self) -> None:
        self.now = 0.0
        self.agent = Agent(Local("192.0.2.1", 5060), random.Random(1), Intervals())
        self._branch = 0

    def authenticator(self, account: Account | None = None) -> Authenticator:
        return Authenticator(account, self.agent.token)

    def sent(self) -> list[Request | Response]:
        """What the agent has sent since the last look."""
        return [read(each.data) for each in self.agent.take_outbox()]

    def requests(self) -> list[Request]:
        return [each for each in self.sent() if isinstance(each, Request)]

    def statuses(self) -> list[int]:
        return [each.code for each in self.sent() if isinstance(each, Response)]

    def wait(self, seconds: float) -> None:
        """Let time pass, every timer at its instant."""
        until = self.now + seconds
        while (deadline := self.agent.deadline) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self.agent.expire(self.now)
        self.now = until

    def answer(self, request: Request, status: int, *lines: str, body: str = "", tag: str = "far") -> None:
        """Answer a request of the agent's."""
        to = request.headers["To"]
        head = [f"SIP/2.0 {status} X", f"Via: {request.headers['Via']}", f"From: {request.headers['From']}"]
        head += [f"To: {to}" if "tag=" in to else f"To: {to};tag={tag}", f"Call-ID: {request.call_id}"]
        head += [f"CSeq: {request.cseq}", *lines]
        self._put(head, body)

    def ask(
        self, like: Request | Response, method: str, number: int, *lines: str, body: str = "", tag: str = "far"
    ) -> None:
        """A request of ours in the dialog that `like` (a request of the agent's) belongs to."""
        self._branch += 1
        head = [f"{method} sip:us@192.0.2.1 SIP/2.0", f"Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKp{self._branch}"]
        head += [f"From: <sip:138@192.0.2.2>;tag={tag}", f"To: {like.headers['From']}", f"Call-ID: {like.call_id}"]
        self._put([*head, f"CSeq: {number} {method}", "Contact: <sip:138@192.0.2.2>", "Max-Forwards: 70", *lines], body)

    def invite(self, *lines: str, body: str = SDP, contact: str = "Contact: <sip:138@192.0.2.2>") -> None:
        """A call to the agent."""
        self._branch += 1
        head = ["INVITE sip:95500@192.0.2.1 SIP/2.0", f"Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKp{self._branch}"]
        head += ["From: <sip:138@192.0.2.2>;tag=far", "To: <sip:95500@192.0.2.1>", "Call-ID: in-1", "CSeq: 1 INVITE"]
        self._put([*head, contact, "Max-Forwards: 70", *lines], body)

    def _put(self, head: list[str], body: str) -> None:
        if body:
            head.append("Content-Type: application/sdp")
        text = "\r\n".join([*head, f"Content-Length: {len(body)}", "", body])
        self.agent.receive(text.encode(), FAR, self.now)
