"""A script tried by speaking: the real conversation over the machine's own microphone and loudspeaker."""

from __future__ import annotations

import asyncio

from rich.console import Console
from rich.text import Text

from bot.moves import Action, Event, Facts, Heard
from bot.nodes import Script
from bot.pipeline import converse
from console.moves_terminal import summary, told
from intents import Matcher
from speech.prompts import Prompts
from speech.recogniser import Recogniser
from telephony.microphone import open_sound_line


async def rehearse_aloud(
    script: Script,
    facts: Facts,
    ears: Recogniser,
    prompts: Prompts,
    matcher: Matcher,
    console: Console,
    *,
    device: str = "default",
    headset: bool = False,
) -> None:
    """Hold one conversation aloud and print it as it goes.

    Raises SoundUnavailable before anything is prepared, SpeechError, and ConversationError where it broke off.
    """
    moves: list[Event | Action] = []

    def log(move: Event | Action, _at_ms: int) -> None:
        moves.append(move)
        if isinstance(move, Heard):
            console.print(Text(f"客户：{move.text}"), soft_wrap=True)
        if line := told(move):
            console.print(line, soft_wrap=True)

    await (await open_sound_line(device, headset=headset)).hang_up()
    console.print(Text("正在准备语音……", "dim"))
    await asyncio.to_thread(prompts.prerender, script.fixed_texts())
    for text in script.fixed_texts(facts.slots):
        await prompts.fetch(text)
    speaking_over = "可以打断机器人" if headset else "机器人说完再说；戴耳机时加 --headset 可以打断"
    console.print(Text(f"请说话（{speaking_over}）。Ctrl-C 结束。", "dim"))
    line = await open_sound_line(device, headset=headset)
    await converse(line, script, facts, ears, prompts, matcher, log=log)
    for kept in summary(moves):
        console.print(kept, soft_wrap=True)
