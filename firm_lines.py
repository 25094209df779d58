"""The firm's own lines, as the settings name them: what calls go out on, how many at once, the road to a person."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from campaign.handover.agents import Roster
from campaign.handover.consulting import Consultation
from campaign.handover.presences import PresenceLog
from campaign.handover.roads import ByExchange, Road, ToBrowser, ToCallback, ToExtension
from models.lines import TOGETHER, LineCaps, Lines
from settings import Settings
from telephony.gateway import Gateway
from telephony.gateways.dialer import ExchangeDialer
from telephony.gateways.exchange_file import load_exchange
from telephony.legs import Dialer
from telephony.recording import Recorder
from telephony.sip.dialer import SipDialer
from telephony.sip.trunk_file import load_trunks

OpenDialer = Callable[[Recorder], AbstractAsyncContextManager[Dialer]]

NO_BOUND = 1_000_000


def dialer_of(settings: Settings, recordings: Recorder) -> AbstractAsyncContextManager[Dialer]:
    """The exchange or the SIP trunks of the file, else the gateway that far ends connect to; raises TelephonyError."""
    if settings.trunks is not None:
        exchange = load_exchange(settings.trunks)
        if exchange is not None:
            return ExchangeDialer(exchange, recordings)
        return SipDialer(load_trunks(settings.trunks), recordings)
    return Gateway("127.0.0.1", settings.gateway_port, recordings)


def lines_of(settings: Settings, dialer: Dialer) -> Lines | None:
    """What all workers together may put on each of the dialer's trunks, and on all of them where that is set."""
    calls, per_second = settings.line_calls or NO_BOUND, settings.line_calls_per_second or NO_BOUND
    bound = settings.line_calls > 0 or settings.line_calls_per_second > 0
    together = LineCaps(TOGETHER, calls, per_second) if bound else None
    match dialer:
        case SipDialer():
            each = tuple(LineCaps(one.name, one.calls, one.calls_per_second) for one in dialer.trunks)
            return Lines(each, together)
        case ExchangeDialer():
            exchange = dialer.exchange
            return Lines((LineCaps("lines", exchange.calls, exchange.calls_per_second),), together)
        case _:
            return Lines((LineCaps("lines", calls, per_second),)) if bound else None


def road_of(settings: Settings, dialer: Dialer, presences: PresenceLog) -> Road:
    """How calls are handed over to people."""
    match settings.hand_over:
        case "browser":
            return ToBrowser(Roster(noted=presences.note))
        case "refer":
            return ByExchange(settings.refer_to)
        case "attended" | "bridge":
            return ToExtension(Consultation(dialer, settings.extensions, refers=settings.hand_over == "attended"))
        case "callback":
            return ToCallback()
