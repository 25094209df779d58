"""The prompt cache: what is synthesised, kept, shared and replaced by recordings."""

import asyncio
import multiprocessing
import os
import threading
import wave
from pathlib import Path

import numpy as np
import pytest

from speech.errors import AudioUnreadable, CacheUnavailable
from speech.prompts import Prompts
from speech.voice import Pyttsx3Voice


class CountingVoice:
    """Says each text as constant samples and counts how often it was asked."""

    def __init__(self, key: str = "counting") -> None:
        self.key = key
        self.asked: list[tuple[str, bool]] = []

    def speak(self, text: str, *, slower: bool = False) -> bytes:
        self.asked.append((text, slower))
        return np.full(800 if slower else 400, len(text), "<i2").tobytes()


def write_wav(path: Path, samples: np.ndarray, rate: int, width: int = 2, channels: int = 1) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(samples.tobytes())


def test_a_text_is_synthesised_once(tmp_path: Path) -> None:
    voice = CountingVoice()
    prompts = Prompts(tmp_path, voice)
    assert prompts.get("您好") == prompts.get(" 您好\n")
    assert prompts.get("您好", slower=True) != prompts.get("您好")
    assert voice.asked == [("您好", False), ("您好", True)]


def test_prerendered_texts_outlive_the_process_and_are_not_made_twice(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    first = Prompts(tmp_path, CountingVoice())
    assert first.prerender(["您好", "再见", "您好", ""], lambda done, all_: told.append((done, all_))) == 4
    assert told == [(1, 2), (2, 2)]
    voice = CountingVoice()
    second = Prompts(tmp_path, voice)
    assert second.prerender(["您好", "再见"]) == 0
    assert len(voice.asked) == 1  # a word to wake the engine
    assert second.get("再见") == first.get("再见")
    assert len(voice.asked) == 1


def test_another_voice_is_another_prompt(tmp_path: Path) -> None:
    Prompts(tmp_path, CountingVoice()).prerender(["您好"])
    other = CountingVoice("other")
    Prompts(tmp_path, other).get("您好")
    assert other.asked == [("您好", False)]


def test_a_text_with_a_name_stays_off_the_disk_unless_it_is_to_be_kept(tmp_path: Path) -> None:
    prompts = Prompts(tmp_path, CountingVoice())
    prompts.get("请问您是单晓明先生吗")
    assert list(tmp_path.iterdir()) == []
    prompts.get("请问您是单晓明先生吗", keep=True)
    assert len(list(tmp_path.iterdir())) == 1


def test_memory_is_bounded_and_the_oldest_goes_first(tmp_path: Path) -> None:
    voice = CountingVoice()
    prompts = Prompts(tmp_path, voice, memory_bytes=1600)  # two prompts of 800 bytes
    for text in ("一", "二", "一", "三", "一", "二"):
        prompts.get(text)
    assert [text for text, _ in voice.asked] == ["一", "二", "三", "二"]


def test_a_spoilt_file_is_rendered_again(tmp_path: Path) -> None:
    Prompts(tmp_path, CountingVoice()).prerender(["您好"])
    for path in tmp_path.iterdir():
        path.write_bytes(b"")
    assert Prompts(tmp_path, CountingVoice()).prerender(["您好"]) == 2
    assert all(path.stat().st_size for path in tmp_path.iterdir())


def _prerender(folder: str, results: "multiprocessing.Queue[int]") -> None:
    prompts = Prompts(Path(folder), Pyttsx3Voice())
    prompts.prerender(["您好！", "再见！", "谢谢！"])
    results.put(sum(len(prompts.get(text)) for text in ("您好！", "再见！", "谢谢！")))


def test_processes_share_a_folder(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [context.Process(target=_prerender, args=(str(tmp_path), results)) for _ in range(2)]
    for worker in workers:
        worker.start()
    sizes = {results.get(timeout=60) for _ in workers}
    for worker in workers:
        worker.join(60)
    assert min(sizes) > 8000
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".s16"] * 6  # and nothing half-written is left


def test_threads_that_want_the_same_text_wait_for_one_synthesis(tmp_path: Path) -> None:
    voice = CountingVoice()
    prompts = Prompts(tmp_path, voice)
    threads = [threading.Thread(target=prompts.get, args=("您好",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert voice.asked == [("您好", False)]


async def test_fetch_leaves_the_event_loop_free(tmp_path: Path) -> None:
    release = threading.Event()

    class SlowVoice(CountingVoice):
        def speak(self, text: str, *, slower: bool = False) -> bytes:
            assert release.wait(60)
            return super().speak(text, slower=slower)

    prompts = Prompts(tmp_path, SlowVoice())
    fetching = asyncio.create_task(prompts.fetch("您好"))
    await asyncio.sleep(0)  # the loop runs on while the voice is still at work
    assert not fetching.done()
    release.set()
    audio = await asyncio.wait_for(fetching, 60)
    assert audio == await prompts.fetch("您好")


def test_a_full_or_locked_disk_costs_the_cache_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "prompts"
    prompts = Prompts(folder, CountingVoice())
    folder.rmdir()
    assert prompts.get("单晓明", keep=True)
    assert "cannot be kept" in caplog.text
    assert "单晓明" not in caplog.text


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CacheUnavailable, match="file"):
        Prompts(tmp_path / "file", CountingVoice())


def test_recordings_win_at_both_speeds(tmp_path: Path) -> None:
    recorded = tmp_path / "recorded"
    recorded.mkdir()
    tone = np.arange(-400, 400, dtype="<i2")
    write_wav(recorded / "hello.wav", tone, 8000)
    (recorded / "prompts.csv").write_text("\ufefftext,file\n您好！,hello.wav\n", "utf-8")
    voice = CountingVoice()
    prompts = Prompts(tmp_path / "cache", voice, recorded)
    assert prompts.get("您好！") == prompts.get("您好！", slower=True) == tone.tobytes()
    assert asyncio.run(prompts.fetch("您好！")) == tone.tobytes()
    assert prompts.prerender(["您好！", "再见！"]) == 2
    assert {text for text, _ in voice.asked} == {"再见！"}


@pytest.mark.parametrize(("rate", "width", "channels"), [(44100, 2, 2), (16000, 1, 1), (48000, 3, 1), (22050, 4, 1)])
def test_recordings_of_any_pcm_format_become_8_khz_mono(tmp_path: Path, rate: int, width: int, channels: int) -> None:
    wave_440 = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    if width == 1:
        data = np.round(wave_440 * 127 + 128).astype(np.uint8)
    else:
        whole = np.round(wave_440 * (2**31 - 1)).astype("<i4")
        data = whole.view(np.uint8).reshape(-1, 4)[:, 4 - width :]
    write_wav(tmp_path / "tone.wav", np.repeat(data, channels, axis=0), rate, width, channels)
    (tmp_path / "prompts.csv").write_text("text,file\n音,tone.wav\n", "utf-8")
    audio = np.frombuffer(Prompts(tmp_path / "cache", CountingVoice(), tmp_path).get("音"), "<i2")
    assert abs(len(audio) - 8000) <= 2
    spectrum = np.abs(np.fft.rfft(audio[:8000].astype(float)))
    assert np.argmax(spectrum) * 8000 / len(audio[:8000]) == pytest.approx(440, abs=2)
    assert np.abs(audio).max() == pytest.approx(16384, rel=0.03)


def test_every_broken_recording_is_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "noise.wav").write_bytes(os.urandom(100))
    write_wav(tmp_path / "empty.wav", np.zeros(0, "<i2"), 8000)
    write_wav(tmp_path / "good.wav", np.zeros(80, "<i2"), 8000)
    (tmp_path / "prompts.csv").write_text(
        "text,file\n一,noise.wav\n二,empty.wav\n三,gone.wav\n四,\n五,good.wav\n五,good.wav\n", "utf-8"
    )
    with pytest.raises(AudioUnreadable) as caught:
        Prompts(tmp_path / "cache", CountingVoice(), tmp_path)
    lines = str(caught.value).splitlines()
    assert [line.split("prompts.csv, line ")[1][0] for line in lines] == ["2", "3", "4", "5", "7"]
    assert "save it as an uncompressed 16-bit PCM WAV" in lines[0]
    assert "does not exist" in lines[2]


def test_a_recorded_folder_without_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioUnreadable, match=r"prompts\.csv.*header text,file"):
        Prompts(tmp_path / "cache", CountingVoice(), tmp_path)


def test_the_real_voice_behind_the_cache(tmp_path: Path) -> None:
    prompts = Prompts(tmp_path, Pyttsx3Voice())
    assert prompts.prerender(["请问您现在方便吗？"]) == 2
    again = Prompts(tmp_path, Pyttsx3Voice())
    assert again.get("请问您现在方便吗？") == prompts.get("请问您现在方便吗？")
    assert len(again.get("请问您现在方便吗？", slower=True)) > len(again.get("请问您现在方便吗？")) > 16000
