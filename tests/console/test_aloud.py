"""A script tried aloud: a client in the room speaks with the bot through real arecord and aplay, Vosk hears it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from bot.script import load_script
from console.aloud import rehearse_aloud
from intents import load_matcher
from speech.prompts import Prompts
from speech.recogniser import Recogniser
from speech.voice import Pyttsx3Voice
from tests.bot.conversation import facts_for
from tests.bot.paced_line import spoken
from tests.telephony.soundroom import is_loud, sound_room

pytestmark = pytest.mark.audio


async def test_a_conversation_is_held_aloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: Path, shipped_model: Path
) -> None:
    script, printed = load_script("identity"), io.StringIO()
    ears = Recogniser(shipped_model, threads=1, deadline_seconds=60)
    prompts = Prompts(kept / "prompts", Pyttsx3Voice())
    with sound_room(tmp_path, monkeypatch, [spoken("你打错了")], echo=True) as room:
        console = Console(file=printed, width=200)
        await rehearse_aloud(script, facts_for(script), ears, prompts, load_matcher(), console)
    ears.close()
    said = printed.getvalue()
    assert "机器人：您好！我是华夏安信证券客户服务中心的智能语音助手" in said
    assert "客户：你打错了" in said
    assert "打错电话了" in said
    assert "登记状态  错号" in said
    assert is_loud(bytes(room.heard))
