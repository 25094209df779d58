"""What can go wrong when the bot hears or speaks.

    SpeechError
     ├── VoiceUnavailable    the speaking engine or its voice is not installed        install it
     ├── SynthesisFailed     the engine gave no audio for a text in time               try again; report the text's hash
     ├── Unreadable          a text cannot be turned into Mandarin syllables           mend the text or add an override
     ├── AudioUnreadable     a recorded prompt is not a WAV that can be played         replace or delete the file
     ├── CacheUnavailable    the folder for rendered prompts cannot be used            mend its rights or name another
     ├── ModelNotFound       no recognition model where the setting points             set HUIFANG_ASR_MODEL
     ├── ModelUnreadable     the directory is there but Vosk cannot load it            unpack the model again
     ├── Overloaded          more audio waits for recognition than may wait            place fewer calls at once
     └── TooLate             audio was not recognised within its deadline              place fewer calls at once

Each message says what happened, where, and what to do; `retry` says whether the same call may succeed later
without anybody doing anything.
"""

from __future__ import annotations

from typing import ClassVar


class SpeechError(Exception):
    """Base of every error of this room."""

    retry: ClassVar[bool] = False


class VoiceUnavailable(SpeechError):
    """The speech engine or the voice it should speak with is missing."""


class SynthesisFailed(SpeechError):
    """The engine was there but produced no audio within its deadline."""

    retry: ClassVar[bool] = True


class Unreadable(SpeechError):
    """A text, an override or a name has no Mandarin reading."""


class AudioUnreadable(SpeechError):
    """A recorded prompt cannot be decoded."""


class CacheUnavailable(SpeechError):
    """The folder for rendered prompts cannot be made or written to."""


class ModelNotFound(SpeechError):
    """There is no recognition model at the place that was named."""


class ModelUnreadable(SpeechError):
    """A recognition model is there but cannot be loaded."""


class Overloaded(SpeechError):
    """The recogniser's bounded queue is full."""

    retry: ClassVar[bool] = True


class TooLate(SpeechError):
    """Recognition took longer than its deadline; the audio was taken and will be decoded."""

    retry: ClassVar[bool] = True
