"""Errors of this room.

ModelsError
├── DatabaseUnusable  cannot be opened: mend the address or the rights
├── CopyFailed  a database that could not be copied or brought back: mend what the message names, in Chinese
├── KeyFileError   no usable key: mend the configuration, a retry is useless
├── SealBroken     data encrypted with another key: restore the right key file
├── StaleAttempt   the attempt was settled by somebody else: drop your result
├── CampaignStopped  the campaign is over: begin a new one
├── LinesFull      the lines carry as many calls as they may: try again when one is free
│   └── LinesStuck  whoever counts on them does not get on: give the transaction up, try again in a moment
├── CampaignFull   the campaign has as many calls as it may: dial others, and it again in a moment
├── WorkerLost     others took this worker for dead: end its calls and start anew
├── VersionChanged  a script version was changed by somebody else: look again, then decide
├── TakenByAnother  a task or a result that somebody else has in hand or has changed: look again
└── ClientBusy     the client is on another call: try again when it has ended
"""

from __future__ import annotations


class ModelsError(Exception):
    """Base of all errors of this room."""


class DatabaseUnusable(ModelsError):
    """A database that cannot be opened or migrated."""


class CopyFailed(ModelsError):
    """A database that could not be copied or brought back."""


class KeyFileError(ModelsError):
    """No usable encryption key."""


class SealBroken(ModelsError):
    """Data that this key cannot open."""


class StaleAttempt(ModelsError):
    """A result that came too late: the attempt has been settled already."""


class ClientBusy(ModelsError):
    """A second call to a client who is on the line."""


class CampaignStopped(ModelsError):
    """A change to a campaign that was stopped for good, or that does not exist."""


class LinesFull(ModelsError):
    """A call more than the lines may carry at once, or start within a second.

    `wait_seconds`: until the next one may start; None: until one of those on the line has ended.
    """

    def __init__(self, message: str, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class LinesStuck(LinesFull):
    """Lines that somebody else keeps without getting on; the transaction is broken off."""


class CampaignFull(ModelsError):
    """A call more than a campaign may have at once, or begin within an hour."""


class WorkerLost(ModelsError):
    """A worker that was silent for so long that its calls were given up."""


class VersionChanged(ModelsError):
    """An act on a script version that somebody else has changed in the meantime."""


class TakenByAnother(ModelsError):
    """What somebody else has in hand, or has changed in the meantime."""
