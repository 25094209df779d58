"""Offer and answer (RFC 3264) for one audio stream of G.711 with telephone events (RFC 4733), plain or SRTP."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from telephony.codecs import Format
from telephony.errors import NoCommonCodec
from telephony.rtp.srtp import Secret, Suite
from telephony.sip.crypto import Crypto, parse_crypto
from telephony.sip.sdp import Coding, Direction, Media, Sdp, direction_of

FORMATS = {"PCMA": Format.ALAW, "PCMU": Format.ULAW}
EVENTS = "telephone-event"
_OFFERED = (Coding(8, "PCMA", 8000), Coding(0, "PCMU", 8000), Coding(101, EVENTS, 8000))
_PLAIN, _SECURE = ("RTP/AVP", "RTP/AVPF"), ("RTP/SAVP", "RTP/SAVPF")
_EVENT_RANGE = "0-15"  # 0 to 9, *, #, A to D


@dataclass(frozen=True, slots=True)
class Agreed:
    """What both sides settled on: where and how we send, and what we may get.

    `event_type` is the payload type under which the far end takes telephone events, None when it takes none.
    """

    host: str
    port: int
    format: Format
    payload_type: int
    event_type: int | None
    direction: Direction  # ours
    receives: tuple[tuple[int, Format], ...] = ()  # payload types of audio that may come
    event_types: tuple[int, ...] = ()  # payload types of events that may come
    secret: Secret | None = None  # of SRTP


@dataclass(frozen=True, slots=True)
class Ours:
    """Our side of a session: one value a call carries; every description that is sent is a new `version`.

    `key` is with what we seal what we send, where SRTP is agreed on; `secure` offers nothing but SRTP. `codecs` are
    the audio that we speak (FORMATS).
    """

    address: str
    port: int
    session_id: int
    version: int = 0
    direction: Direction = Direction.BOTH
    key: bytes = field(default=b"", repr=False)
    secure: bool = False
    codecs: tuple[str, ...] = tuple(FORMATS)

    def offer(self) -> Sdp:
        """An offer of everything that we speak."""
        crypto = [Crypto(tag, suite, self.key) for tag, suite in enumerate(Suite, 1)] if self.secure else []
        codings = tuple(each for each in _OFFERED if each.name == EVENTS or each.name in self.codecs)
        return self._describe(_media(self.port, codings, self.direction, crypto))

    def next(self, direction: Direction | None = None) -> Ours:
        """The same for the next description, perhaps in another direction."""
        return replace(self, version=self.version + 1, direction=direction or self.direction)

    def take_answer(self, answer: Sdp) -> Agreed:
        """What the far end made of our offer; raises `NoCommonCodec`."""
        audio = answer.audio
        if audio is None:
            raise NoCommonCodec("the far end refused the audio stream")
        return self._agree(audio, self._secret(audio) if self.secure else None)

    def answer(self, offer: Sdp) -> tuple[Sdp, Agreed]:
        """Our answer to an offer, and what it settles; raises `NoCommonCodec`."""
        wanted = next((each for each in offer.media if self._takes(each)), None)
        if wanted is None:
            raise NoCommonCodec("the far end offers no G.711 audio over RTP that we take")
        crypto = _crypto_of(wanted) if wanted.protocol in _SECURE else None
        agreed = self._agree(wanted, Secret(crypto.suite, self.key, crypto.key) if crypto else None)
        chosen = (agreed.payload_type, agreed.event_type)
        codings = tuple(each for each in wanted.codings if each.payload_type in chosen)
        sealed = [Crypto(crypto.tag, crypto.suite, self.key)] if crypto else []
        ours = _media(self.port, codings, agreed.direction, sealed)
        media = (ours if each is wanted else _refused(each) for each in offer.media)
        return self._describe(*media), agreed

    def _secret(self, audio: Media) -> Secret:
        crypto = _crypto_of(audio) if audio.protocol in _SECURE else None
        if crypto is None:
            raise NoCommonCodec("the far end does not take SRTP: leave it off for this trunk")
        return Secret(crypto.suite, self.key, crypto.key)

    def _takes(self, media: Media) -> bool:
        usable = media.kind == "audio" and media.port != 0
        if media.protocol in _SECURE:
            usable = usable and bool(self.key) and _crypto_of(media) is not None
        else:
            usable = usable and not self.secure and media.protocol in _PLAIN
        return usable and bool(self._spoken(media))

    def _agree(self, theirs: Media, secret: Secret | None) -> Agreed:
        audio = self._spoken(theirs)
        if not audio:
            raise NoCommonCodec(f"the far end speaks no {' and no '.join(self.codecs)}")
        events = [each.payload_type for each in theirs.codings if each.name == EVENTS.upper() and each.rate == 8000]
        allowed = theirs.direction.mirrored
        return Agreed(
            theirs.address, theirs.port, FORMATS[audio[0].name], audio[0].payload_type,
            event_type=events[0] if events else None,
            direction=direction_of(
                sends=allowed.sends and self.direction.sends, receives=allowed.receives and self.direction.receives
            ),
            receives=tuple((each.payload_type, FORMATS[each.name]) for each in audio),
            event_types=tuple(dict.fromkeys([*events, 101])),
            secret=secret,
        )  # fmt: skip

    def _spoken(self, theirs: Media) -> list[Coding]:
        """What of their audio we speak too."""
        return [each for each in theirs.codings if each.name in self.codecs and each.rate == 8000]

    def _describe(self, *media: Media) -> Sdp:
        return Sdp(self.address, media, self.session_id, self.version)


def _crypto_of(media: Media) -> Crypto | None:
    """The first way of sealing that we know (RFC 4568 §7.1.2)."""
    return next((crypto for value in media.values("crypto") if (crypto := parse_crypto(value))), None)


def _refused(media: Media) -> Media:
    return Media(media.kind, 0, media.protocol, media.formats)


def _media(port: int, codings: tuple[Coding, ...], direction: Direction, crypto: list[Crypto]) -> Media:
    attributes = [f"crypto:{each.serialise()}" for each in crypto]
    attributes += [f"rtpmap:{each.payload_type} {_spelt(each.name)}/{each.rate}" for each in codings]
    attributes += [f"fmtp:{each.payload_type} {_EVENT_RANGE}" for each in codings if _spelt(each.name) == EVENTS]
    attributes += ["ptime:20", direction.value]
    formats = tuple(str(each.payload_type) for each in codings)
    return Media("audio", port, "RTP/SAVP" if crypto else "RTP/AVP", formats, "", tuple(attributes))


def _spelt(name: str) -> str:
    return EVENTS if name.upper() == EVENTS.upper() else name
