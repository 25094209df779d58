"""pipecat's text-to-speech service around the prompt cache."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from pipecat.frames.frames import Frame, TTSAudioRawFrame
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

from bot.shell.frames import SpeakPrompt

SAMPLE_RATE = 8000


class PromptSource(Protocol):
    """Gives 8 kHz 16-bit mono audio for a text, at once when it is cached; speech.prompts.Prompts is one."""

    async def fetch(self, text: str, slower: bool = False) -> bytes: ...


class PromptTTSService(TTSService):
    """Speaks from the cache at once; what is not there is synthesised beside the event loop."""

    def __init__(self, prompts: PromptSource) -> None:
        super().__init__(
            sample_rate=SAMPLE_RATE,
            push_start_frame=True,
            push_stop_frames=True,
            settings=TTSSettings(model=None, voice=None, language=None),
        )
        self._prompts = prompts
        self._slower = False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Note how fast the next text is to be spoken."""
        if isinstance(frame, SpeakPrompt):
            self._slower = frame.slower
        await super().process_frame(frame, direction)

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Yield the whole prompt in one piece."""
        pcm = await self._prompts.fetch(text, self._slower)
        yield TTSAudioRawFrame(audio=pcm, sample_rate=SAMPLE_RATE, num_channels=1, context_id=context_id)
