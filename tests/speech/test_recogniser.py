"""The recogniser over real audio: what it hears, when, and what it does under load."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from speech.errors import Overloaded, SpeechError, TooLate
from speech.recogniser import Recogniser, Transcript
from tests.speech.line import HELD_OUT, VOICES, line, said

PATIENCE = 60.0  # seconds, for a turn of a thread on a busy machine
CHUNK = 1600  # bytes: 100 ms
SHORT = ("是的", "对", "没有", "知道", "不知道", "满意", "不满意", "方便", "打错了", "好的")


@pytest.fixture(scope="module")
def model(shipped_model: Path) -> Path:
    return shipped_model


@pytest.fixture(scope="module")
def ears(model: Path) -> Iterator[Recogniser]:
    made = Recogniser(model, deadline_seconds=PATIENCE)
    yield made
    made.close()


async def heard(ears: Recogniser, audio: bytes, phrases: tuple[str, ...] = ()) -> Transcript:
    return await ears.transcribe(audio, phrases)


async def test_voices_by_words(ears: Recogniser) -> None:
    """At 20 dB at least 97 of 100 short answers are right, word for word, in ten voices."""
    pairs = [(voice, word) for voice in VOICES for word in SHORT]
    results = await asyncio.gather(*(heard(ears, line(said(word, voice))) for voice, word in pairs))
    wrong = [
        (voice, word, result.text) for (voice, word), result in zip(pairs, results, strict=True) if result.text != word
    ]
    assert len(wrong) <= 3, wrong


@pytest.mark.parametrize("voice", HELD_OUT)
async def test_a_prompt_of_the_standard_is_heard(ears: Recogniser, voice: str) -> None:
    result = await heard(ears, line(said("请问账户是您本人操作吗", voice)))
    assert result.text == "请问账户是您本人操作吗"
    assert result.confidence > 0.8


async def test_the_final_result_does_not_wait_for_silence(ears: Recogniser) -> None:
    stream = ears.stream()
    await stream.accept(line(said("不满意"), after=0.0))
    assert (await stream.finish()).text == "不满意"
    stream.close()


async def test_partial_text_grows_while_somebody_speaks(ears: Recogniser) -> None:
    audio = line(said("我现在在开会"))
    stream = ears.stream()
    partial = [await stream.accept(audio[at : at + CHUNK]) for at in range(0, len(audio), CHUNK)]
    assert partial[0] == ""
    assert 0 < next(at for at, text in enumerate(partial) if text) < len(partial) - 5
    assert partial[-1] == (await stream.finish()).text == "我现在在开会"
    stream.close()


async def test_a_pause_longer_than_the_models_own_endpoint_stays_one_utterance(ears: Recogniser) -> None:
    audio = line(said("是的") + bytes(2 * 8000 * 2) + said("没有"))
    stream = ears.stream()
    partial = [await stream.accept(audio[at : at + CHUNK]) for at in range(0, len(audio), CHUNK)]
    assert partial[-1] == "是的没有"
    result = await stream.finish()
    assert result.text == "是的没有"
    assert result.words[-1].start_ms - result.words[0].end_ms > 1900
    stream.close()


async def test_words_have_their_place_in_the_stream_even_after_finish(ears: Recogniser) -> None:
    stream = ears.stream()
    audio = line(said("知道"), before=1.0, after=1.0)
    length_ms = len(audio) // 16
    for turn in range(3):
        await stream.accept(audio)
        result = await stream.finish()
        assert [word.text for word in result.words] == ["知道"]
        assert turn * length_ms + 900 < result.words[0].start_ms < turn * length_ms + 1300
        assert result.words[0].start_ms < result.words[0].end_ms < (turn + 1) * length_ms
    stream.close()


async def test_a_used_decoder_knows_nothing_of_the_caller_before(model: Path) -> None:
    ears = Recogniser(model, threads=1, deadline_seconds=PATIENCE)
    interrupted = ears.stream()
    await interrupted.accept(line(said("我要投诉"), after=0.0))
    interrupted.close()
    for _ in range(3):
        assert (await heard(ears, line(said("满意")))).text == "满意"
    assert await heard(ears, bytes(16000)) == Transcript()
    ears.close()


async def test_a_grammar_hears_its_phrases_and_marks_the_rest(ears: Recogniser) -> None:
    phrases = ("满意", "不满意", "一般")
    assert (await heard(ears, line(said("不满意")), phrases)).text == "不满意"
    outside = await heard(ears, line(said("明天下午三点收盘以后再说")), phrases)
    assert outside.unknown > 0
    assert outside.confidence < 0.5


async def test_a_grammar_of_unknown_words_hears_freely(ears: Recogniser) -> None:
    assert ears.unknown_words(["魑魅", "满意"]) == {"魑魅": ["魑", "魅"]} or ears.unknown_words(["龘"]) == {
        "龘": ["龘"]
    }
    assert (await heard(ears, line(said("满意")), ("龘",))).text == "满意"


async def test_streams_at_once_keep_their_own_order(ears: Recogniser) -> None:
    """Pieces handed in without waiting are decoded in order, whichever thread takes them."""

    async def listen(word: str, voice: str) -> str:
        audio, stream = line(said(word, voice)), ears.stream()
        pieces = [stream.accept(audio[at : at + CHUNK]) for at in range(0, len(audio), CHUNK)]
        await asyncio.gather(*pieces)
        text = (await stream.finish()).text
        stream.close()
        return text

    wanted = [("我是本人", "lin"), ("不满意", "chen"), ("打错了", "he"), ("没有时间", "gao")] * 2
    assert await asyncio.gather(*(listen(*pair) for pair in wanted)) == [word for word, _ in wanted]


async def test_a_cancelled_wait_loses_no_audio(model: Path) -> None:
    ears = Recogniser(model, threads=1, deadline_seconds=PATIENCE)
    audio, stream = line(said("不知道")), ears.stream()
    first = asyncio.ensure_future(stream.accept(audio[: len(audio) // 2]))
    await asyncio.sleep(0)
    first.cancel()
    await stream.accept(audio[len(audio) // 2 :])
    assert (await stream.finish()).text == "不知道"
    stream.close()
    ears.close()


async def test_more_than_may_wait_is_refused_and_said(model: Path) -> None:
    ears, go_on = Recogniser(model, threads=1, max_waiting=3, deadline_seconds=PATIENCE), threading.Event()
    stream = ears.stream()
    under_way = ears._workers.lane().submit(lambda: go_on.wait(PATIENCE))  # meanwhile nothing is done
    pieces = [asyncio.ensure_future(stream.accept(bytes(2 * 8000 * 4))) for _ in range(6)]
    await asyncio.wait(pieces, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    go_on.set()
    results = await asyncio.gather(*pieces, return_exceptions=True)
    refused = [result for result in results if isinstance(result, Overloaded)]
    assert len(refused) == 4 and under_way.result(PATIENCE)
    assert "fewer calls" in str(refused[0])
    assert (await stream.finish()).text == ""
    stream.close()
    ears.close()


async def test_a_wait_has_an_end(model: Path) -> None:
    ears = Recogniser(model, deadline_seconds=0.0)
    stream = ears.stream()
    with pytest.raises(TooLate, match="fewer calls"):
        await stream.accept(bytes(2 * 8000 * 4))
    stream.close()
    ears.close()


async def test_half_a_sample_and_a_closed_stream_are_refused(ears: Recogniser) -> None:
    stream = ears.stream()
    with pytest.raises(ValueError, match="16-bit"):
        await stream.accept(b"abc")
    stream.close()
    stream.close()
    with pytest.raises(SpeechError, match="closed"):
        await stream.finish()


async def test_usage_counts_audio_and_processor_time(model: Path) -> None:
    ears = Recogniser(model, deadline_seconds=PATIENCE)
    audio = line(said("是的"))
    await heard(ears, audio)
    assert ears.usage.audio_seconds == pytest.approx(len(audio) / 16000)
    assert 0 < ears.usage.real_time_factor < 1
    ears.close()


async def test_a_model_without_a_ready_made_graph_hears_the_same(model: Path, tmp_path: Path) -> None:
    for part in ("am", "conf", "graph"):
        (tmp_path / part).symlink_to(model / part)
    ears = Recogniser(tmp_path, deadline_seconds=PATIENCE)
    assert (await heard(ears, line(said("请问账户是您本人操作吗")))).text == "请问账户是您本人操作吗"
    ears.close()


async def test_a_model_with_only_a_ready_made_graph_ignores_grammars(model: Path) -> None:
    ears = Recogniser(model / "static", deadline_seconds=PATIENCE)
    assert not ears.takes_grammar
    assert (await heard(ears, line(said("知道")), ("满意",))).text == "知道"
    ears.close()
