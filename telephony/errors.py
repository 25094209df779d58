"""Errors of this room.

TelephonyError
├── GatewayUnavailable   the gateway cannot listen or is not running: mend the cause, then start it again
├── CallExists           a call of this id is going on: choose another id
├── PlayQueueFull        more audio queued than a call may hold: wait for `Played` before queueing more
├── BrowserRefused       a browser's offer that cannot be answered: reload the page, with one microphone and Opus
├── SoundUnavailable     no usable microphone or loudspeaker here: plug one in, or converse by typing
├── WireError            the far end broke the protocol: its call ends as "own line failed"
├── SipError             base of everything about SIP and RTP
│   ├── BadMessage           a message that is no SIP: answer it when it says how, else drop it
│   ├── BadSdp               a session description that cannot be read: refuse the offer, or end the call
│   ├── NoCommonCodec        nothing that both sides speak: offer the trunk PCMA or PCMU
│   ├── BadPacket            a datagram that is neither RTP nor RTCP: drop it
│   └── NotNow               the call cannot do this in its present state: try later, or not at all
├── TrunkUnavailable     no SIP port or media port can be had: mend the cause, then start again
├── TrunksInvalid        the file of trunks is wrong: mend it, all problems are listed
├── ArchiveInvalid       the archive's address or credentials cannot be used: mend the settings, all problems are listed
└── RecordingError       base of everything about recordings
    ├── RecordingExists      the call was recorded already: choose another call id
    ├── ArchiveConflict      the archive holds something else under this name: a person finds out why
    ├── ArchiveDamaged       other bytes arrived than were sent: send them again
    └── RecordingUnreadable  damaged, or made with another key: restore the file or the key
        ├── ArchiveAway          the archive does not answer or refuses: try again later
        └── RecordingMissing     no file under this call id: restore it, unless nothing was recorded
"""

from __future__ import annotations


class TelephonyError(Exception):
    """Base of all errors of this room."""


class GatewayUnavailable(TelephonyError):
    """The gateway cannot listen, or is not running."""


class CallExists(TelephonyError):
    """A second call under the id of one that is going on."""


class PlayQueueFull(TelephonyError):
    """More audio than a call's queue holds."""


class BrowserRefused(TelephonyError):
    """A browser that cannot become a telephone here; the text never repeats what it sent."""


class SoundUnavailable(TelephonyError):
    """This machine has no sound device, or not the programs that speak to it."""


class WireError(TelephonyError):
    """A message that is not in the protocol; the text never repeats what was received."""


class SipError(TelephonyError):
    """Base of the errors about SIP and RTP."""


class BadMessage(SipError):
    """Bytes that are no SIP message; `answer` is the refusal to send back, None where there is nobody to tell."""

    def __init__(self, reason: str, answer: bytes | None = None) -> None:
        super().__init__(reason)
        self.answer = answer


class BadSdp(SipError):
    """A session description that cannot be read."""


class NoCommonCodec(SipError):
    """Offer and answer have no codec that both sides speak."""


class BadPacket(SipError):
    """A datagram that is neither RTP nor RTCP."""


class NotNow(SipError):
    """Something asked of a call in a state that does not allow it."""


class TrunkUnavailable(TelephonyError):
    """The SIP side cannot listen, or is not running."""


class TrunksInvalid(TelephonyError):
    """A file of trunks that cannot be used; the message names every fault with its line and remedy."""


class RecordingError(TelephonyError):
    """Base of the errors about recordings."""


class RecordingExists(RecordingError):
    """A recording of this call is there already: recordings are never overwritten."""


class RecordingUnreadable(RecordingError):
    """A recording that is damaged or was made with another key."""


class RecordingMissing(RecordingUnreadable):
    """No recording of this call."""


class ArchiveInvalid(TelephonyError):
    """An archive that cannot be used as it is set; the message names every fault and repeats no credential."""


class ArchiveConflict(RecordingError):
    """The archive holds something else under the name of a recording."""


class ArchiveDamaged(RecordingError):
    """What arrived at the archive is not what was sent."""


class ArchiveAway(RecordingUnreadable):
    """The archive does not answer, or refuses; the text never repeats a credential."""
