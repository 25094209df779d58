"""Errors of this room.

TelephonyError
├── GatewayUnavailable   the gateway cannot listen or is not running: mend the cause, then start it again
├── CallExists           a call of this id is going on: choose another id
├── PlayQueueFull        more audio queued than a call may hold: wait for `Played` before queueing more
├── SoundUnavailable     no usable microphone or loudspeaker here: plug one in, or converse by typing
├── WireError            the far end broke the protocol: its call ends as "own line failed"
└── RecordingError       base of everything about recordings
    ├── RecordingExists      the call was recorded already: choose another call id
    └── RecordingUnreadable  damaged, or made with another key: restore the file or the key
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


class SoundUnavailable(TelephonyError):
    """This machine has no sound device, or not the programs that speak to it."""


class WireError(TelephonyError):
    """A message that is not in the protocol; the text never repeats what was received."""


class RecordingError(TelephonyError):
    """Base of the errors about recordings."""


class RecordingExists(RecordingError):
    """A recording of this call is there already: recordings are never overwritten."""


class RecordingUnreadable(RecordingError):
    """A recording that is damaged or was made with another key."""


class RecordingMissing(RecordingUnreadable):
    """No recording of this call."""
