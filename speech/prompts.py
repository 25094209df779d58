"""What the bot says, as audio: recorded, cached or synthesised."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from speech.errors import CacheUnavailable
from speech.reading import VERSION
from speech.recorded import load_recorded
from speech.voice import Voice

_AWAKE = "好"
_log = logging.getLogger(__name__)

# One small pool for the process: the bot's voice is serial anyway, and disk reads are short.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="prompts")


class Prompts:
    """The prompts of one script in one voice; all audio is s16le mono at 8 kHz.

    `recorded` are folders of recordings, the first one first; they win over synthesis at both speeds. Synthesised
    audio is kept in memory, least recently used first out, and on disk when it was pre-rendered or asked to be kept;
    texts with a client's name never touch the disk unless somebody asks for it. Safe from several threads, and
    several processes may share the folder.
    """

    def __init__(
        self,
        folder: Path,
        voice: Voice,
        recorded: Path | Sequence[Path] | None = None,
        *,
        memory_bytes: int = 32 * 1024 * 1024,
    ) -> None:
        self._folder, self._voice, self._memory_bytes = folder, voice, memory_bytes
        folders = [recorded] if isinstance(recorded, Path) else recorded or ()
        self._recorded = {text: audio for one in reversed(folders) for text, audio in load_recorded(one).items()}
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._held_bytes = 0
        self._lock = threading.Lock()
        self._rendering = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            problem = f"{folder}: cannot hold rendered prompts ({error.strerror}): mend its rights"
            raise CacheUnavailable(problem) from error

    def get(self, text: str, slower: bool = False, *, keep: bool = False) -> bytes:
        """The audio of a text; `keep` also writes it to disk. Blocks while it is synthesised; raises SpeechError."""
        text = text.strip()
        if text in self._recorded:
            return self._recorded[text]
        name = self._name(text, slower)
        audio = self._remembered(name) or self._stored(name)
        if audio is None:
            with self._rendering:
                audio = self._remembered(name)
                if audio is None:
                    audio = self._voice.speak(text, slower=slower)
                    self._remember(name, audio)
        if keep:
            self._store(name, audio)
        return audio

    async def fetch(self, text: str, slower: bool = False) -> bytes:
        """`get` without blocking the event loop; at once when the audio is in memory."""
        text = text.strip()
        audio = self._recorded.get(text) or self._remembered(self._name(text, slower))
        if audio is not None:
            return audio
        return await asyncio.get_running_loop().run_in_executor(_threads, self.get, text, slower)

    def prerender(self, texts: Iterable[str], progress: Callable[[int, int], None] | None = None) -> int:
        """Put fixed texts on disk at both speeds; those that are there already are not made again.

        `progress` is told (done, all) after each text. Returns how many pieces of audio were made. The engine and
        the dictionaries are loaded afterwards in any case, so that the first call does not wait for them.
        """
        wanted = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
        made = 0
        for done, text in enumerate(wanted, start=1):
            for slower in (False, True):
                if text not in self._recorded and not _whole(self._path(self._name(text, slower))):
                    self.get(text, slower, keep=True)
                    made += 1
            if progress:
                progress(done, len(wanted))
        if not made:
            self._voice.speak(_AWAKE)
        return made

    def _name(self, text: str, slower: bool) -> str:
        identity = "\0".join((text, self._voice.key, "slower" if slower else "usual", str(VERSION)))
        return hashlib.sha256(identity.encode()).hexdigest()

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.s16"

    def _remembered(self, name: str) -> bytes | None:
        with self._lock:
            audio = self._memory.get(name)
            if audio is not None:
                self._memory.move_to_end(name)
            return audio

    def _remember(self, name: str, audio: bytes) -> None:
        with self._lock:
            self._held_bytes += len(audio) - len(self._memory.pop(name, b""))
            self._memory[name] = audio
            while self._held_bytes > self._memory_bytes:
                self._held_bytes -= len(self._memory.popitem(last=False)[1])

    def _stored(self, name: str) -> bytes | None:
        path = self._path(name)
        if not _whole(path):
            return None
        audio = path.read_bytes()
        self._remember(name, audio)
        return audio

    def _store(self, name: str, audio: bytes) -> None:
        """Write beside and rename, so that nobody ever reads half a file; a full disk costs only the cache."""
        path = self._path(name)
        if _whole(path):
            return
        part = path.with_suffix(f".{secrets.token_hex(4)}.part")
        try:
            part.write_bytes(audio)
            part.replace(path)
        except OSError as error:
            _log.warning("a prompt cannot be kept in %s (%s): free some space or mend its rights", self._folder, error)
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)


def _whole(path: Path) -> bool:
    """Whether a file holds audio; one that was renamed just before the power failed may be empty."""
    try:
        size = path.stat().st_size
    except OSError:
        return False
    return size > 0 and size % 2 == 0
