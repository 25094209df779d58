"""Messages made from messages: responses, ACK and CANCEL, the notes in a Via; bytes for the wire."""

from __future__ import annotations

from sipmessage import CSeq, Request, Response, Via

from telephony.sip.hop import Hop
from telephony.sip.message import tag_of, top_via, values_of
from telephony.sip.phrases import phrase_of

MAGIC = "z9hG4bK"  # what every branch of RFC 3261 begins with (§8.1.1.7)


def stamp(request: Request, source: Hop) -> Hop:
    """Note in the top Via where a request really came from (RFC 3261 §18.2.1, RFC 3581 §4); returns where to answer."""
    via = top_via(request)
    port = via.port or source.transport.port
    parameters = via.parameters
    if "rport" in parameters:
        parameters, port = parameters.replace(rport=str(source.port)), source.port
    top = str(Via(via.transport, via.host, via.port, parameters))
    if source.host != via.host.strip("[]") or "rport" in parameters:
        top += f";received={source.host}"
    request.headers.setlist("Via", [top, *values_of(request, "Via")[1:]])
    return source if source.transport.reliable else Hop(source.host, port, source.transport)


def respond(request: Request, status: int, to_tag: str = "") -> Response:
    """A response with what is echoed (RFC 3261 §8.2.6.2)."""
    response = Response(status, phrase_of(status))
    response.headers.setlist("Via", list(request.headers.getlist("Via")))
    for name in ("From", "To", "Call-ID", "CSeq"):
        response.headers.set(name, request.headers[name])
    if to_tag and not tag_of(request, "To"):
        response.headers.set("To", f"{request.headers['To']};tag={to_tag}")
    for route in request.headers.getlist("Record-Route"):
        response.headers.add("Record-Route", route)
    return response


def ack_of_refusal(request: Request, response: Response) -> Request:
    """The ACK to a 3xx to 6xx, which belongs to the INVITE's transaction (RFC 3261 §17.1.1.3)."""
    ack = _same_hop(request, "ACK")
    ack.headers.set("To", response.headers["To"])
    return ack


def cancel_of(request: Request) -> Request:
    """The CANCEL of an INVITE (RFC 3261 §9.1)."""
    return _same_hop(request, "CANCEL")


def _same_hop(request: Request, method: str) -> Request:
    made = Request(method, request.uri)
    made.headers.set("Via", request.headers["Via"])
    made.headers.set("Max-Forwards", "70")
    for name in ("From", "To", "Call-ID"):
        made.headers.set(name, request.headers[name])
    made.cseq = CSeq(request.cseq.sequence, method)
    for route in request.headers.getlist("Route"):
        made.headers.add("Route", route)
    return made


def wire(message: Request | Response) -> bytes:
    """A message as bytes, its length stated."""
    message.headers.set("Content-Length", str(len(message.body)))
    return bytes(message)
