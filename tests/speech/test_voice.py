"""The voices, through the real espeak-ng, and heard by the shipped recognition model."""

import os
import re
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import vosk

from speech import espeak, pyttsx3_engine
from speech.errors import SynthesisFailed, VoiceUnavailable
from speech.g711 import alaw_decode, alaw_encode
from speech.levels import active_dbfs, telephone
from speech.reading import to_pinyin
from speech.voice import CallerVoice, Pyttsx3Voice, Voice, caller_voices

ROOT = Path(__file__).parents[2]

# T/SAC 002-2024 annex E, with slots filled.
PROMPTS = """\
您好！我是华夏安信证券客户服务中心工作人员，工号是8001。
请问您是单晓明先生吗？
今天打电话是想就新开户业务对您做一个简单的回访，耽误您两分钟，请问您现在方便吗？
很抱歉，打扰了！请问您大概什么时间有空？
谢谢！到时候我们再联系您。
我们改日再联系您。祝您愉快！再见！
很抱歉，打扰了！请问您知道解华先生的联系方式吗？
方便提供一下他的联系方式吗？
请问开户是您本人真实意愿吗？
请问您是否已阅读并充分理解开户协议相关条款？
温馨提示：请您务必妥善保管好自己的账户和密码，切勿交由他人使用或操作。
请问账户是您本人操作吗？
我司发现您的账户使用存在异常情形，在此郑重提醒：请您务必妥善保管好自己的账户和密码。
对于违规行为，我司有权对账户使用进行限制，并上报监管机构。
请问是您本人自愿申请并亲自办理购买金融产品的吗？
请问您是否自愿并按规定签署了相关协议及问卷？
请问您是否已知晓所购买产品或接受服务的业务规则？
请问您是否已阅读并充分理解产品或服务相关风险揭示书等文件内容？
请问您是否已知晓自己的风险承受能力等级、购买的产品或者接受服务的风险等级以及适当性匹配意见？
是否知晓承担的费用以及可能产生的投资损失？
按规定，我公司工作人员在产品销售或提供服务的过程中，不允许发生违规代客操作或接受全权委托等损害您合法权益的行为。
请问我司工作人员是否存在上述违规行为？
请问您对李明的服务满意吗？
我们已经为您安排了新的客户经理，他的联系方式是13812345678，如有问题可直接与其联系。
对于2024年3月5日您投诉的关于手续费事项，已经与您进行了沟通，请问是否还存在未了事项？
非常感谢您的支持！今后若有问题或建议，欢迎拨打咨询电话95500，我们将竭诚为您服务。祝您投资愉快！再见！
""".splitlines()


@pytest.fixture(scope="module")
def model(shipped_model: Path) -> Any:
    vosk.SetLogLevel(-1)
    return vosk.Model(str(shipped_model))


def toneless(text: str) -> list[str]:
    return re.findall(r"([a-z]+)[1-5]", to_pinyin(text)) if text.strip() else []


def hear(model: Any, audio: bytes) -> str:
    """What the recogniser makes of audio that went over an A-law line."""
    recogniser = vosk.KaldiRecognizer(model, 8000)
    recogniser.SetWords(False)
    line = bytes(3200) + alaw_decode(alaw_encode(audio)) + bytes(4800)
    said = []
    for start in range(0, len(line), 1600):
        if recogniser.AcceptWaveform(line[start : start + 1600]):
            said.append(recogniser.Result())
    return " ".join(re.findall(r'"text" : "(.*)"', "\n".join([*said, recogniser.FinalResult()])))


def distance(left: list[str], right: list[str]) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        corner, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (a != b))
    return row[-1]


def mean_error(model: Any, speak: Callable[[str], bytes], texts: list[str]) -> float:
    """Mean share of wrong syllables, without tones."""
    errors = [distance(toneless(t), toneless(hear(model, speak(t)))) / len(toneless(t)) for t in texts]
    return sum(errors) / len(errors)


def samples(audio: bytes) -> Any:
    return np.frombuffer(audio, "<i2").astype(np.float32) / 32768


@pytest.mark.audio
def test_the_recogniser_understands_the_bot(model: Any) -> None:
    assert mean_error(model, Pyttsx3Voice().speak, PROMPTS) <= 0.06


@pytest.mark.audio
def test_the_recogniser_understands_the_bot_speaking_slowly(model: Any) -> None:
    assert mean_error(model, lambda text: Pyttsx3Voice().speak(text, slower=True), PROMPTS[::3]) <= 0.06


@pytest.mark.audio
@pytest.mark.parametrize("caller", caller_voices())
def test_every_caller_can_be_understood(model: Any, caller: str) -> None:
    assert mean_error(model, caller_voices()[caller].speak, PROMPTS[1::8]) <= 0.15


VOICES: list[Voice] = [Pyttsx3Voice(), *caller_voices().values(), CallerVoice("f1", 50, 165)]


@pytest.mark.parametrize("voice", VOICES, ids=[voice.key for voice in VOICES])
@pytest.mark.parametrize("text", [PROMPTS[0], "好"])
def test_speech_is_levelled_trimmed_and_never_clipped(voice: Voice, text: str) -> None:
    audio = samples(voice.speak(text))
    assert -23 <= active_dbfs(audio) <= -19.5
    assert np.abs(audio).max() <= 0.95
    loud = np.flatnonzero(np.abs(audio) > 0.005)
    assert loud[0] <= 0.05 * 8000
    assert len(audio) - loud[-1] <= 0.1 * 8000


@pytest.mark.parametrize("voice", [Pyttsx3Voice(), caller_voices()["chen"]], ids=["bot", "caller"])
def test_slower_takes_about_a_quarter_longer(voice: Voice) -> None:
    usual, slower = (len(voice.speak(PROMPTS[10], slower=slow)) for slow in (False, True))
    assert 1.15 <= slower / usual <= 1.4


def test_voices_are_cached_apart() -> None:
    voices: list[Voice] = [
        Pyttsx3Voice(), Pyttsx3Voice(pitch=41), Pyttsx3Voice(rate=181), Pyttsx3Voice(variant="m3"),
        Pyttsx3Voice(overrides={"单": "shan4"}), Pyttsx3Voice(overrides={"单": "dan1"}), CallerVoice("f4", 40, 180),
    ]  # fmt: skip
    assert len({voice.key for voice in voices}) == len(voices)
    assert Pyttsx3Voice(overrides={"单": "shan4", "解": "xie4"}).key == (
        Pyttsx3Voice(overrides={"解": "xie4", "单": "shan4"}).key
    )


def test_the_bot_sounds_like_no_caller() -> None:
    callers = caller_voices()
    assert len(callers) == 10
    assert Pyttsx3Voice().variant not in {voice.variant for voice in callers.values()}


def test_overrides_reach_the_sound() -> None:
    assert Pyttsx3Voice(overrides={"重": "chong2"}).speak("重") != Pyttsx3Voice().speak("重")


def test_threads_speaking_at_once_get_each_their_own_words() -> None:
    texts = sorted(PROMPTS, key=len)[::4]
    alone = {text: len(Pyttsx3Voice().speak(text)) for text in texts}
    together: dict[str, int] = {}

    def speak(text: str) -> None:
        together[text] = len(Pyttsx3Voice().speak(text))

    threads = [threading.Thread(target=speak, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    # The engine carries its phase from one text to the next: lengths differ by some samples.
    assert together == pytest.approx(alone, abs=800)


def test_an_engine_that_died_is_replaced() -> None:
    spoken = Pyttsx3Voice().speak("您好")
    (engine,) = pyttsx3_engine._engines
    os.kill(engine.pid, signal.SIGKILL)
    again = Pyttsx3Voice().speak("您好")
    assert len(again) == pytest.approx(len(spoken), abs=1600)
    assert pyttsx3_engine._engines[0].pid != engine.pid


def test_an_engine_that_dies_while_it_speaks_is_replaced() -> None:
    alone = Pyttsx3Voice().speak(PROMPTS[-1])
    (engine,) = pyttsx3_engine._engines
    os.kill(engine.pid, signal.SIGSTOP)  # so that the order surely waits
    threading.Timer(0.2, os.kill, (engine.pid, signal.SIGKILL)).start()
    assert len(Pyttsx3Voice().speak(PROMPTS[-1])) == pytest.approx(len(alone), abs=1600)


def test_an_engine_that_hangs_ends_with_its_deadline_and_is_replaced() -> None:
    Pyttsx3Voice().speak("您好")
    (engine,) = pyttsx3_engine._engines
    os.kill(engine.pid, signal.SIGSTOP)
    with pytest.raises(SynthesisFailed, match="overloaded"):
        pyttsx3_engine.run_pyttsx3("ni2 hao3", "f4", 40, 180, deadline_seconds=0.2)
    assert Pyttsx3Voice().speak("您好")


def test_the_engine_ends_with_the_process_that_asked_it() -> None:
    program = (
        "from speech.voice import Pyttsx3Voice; from speech import pyttsx3_engine; Pyttsx3Voice().speak('您好');"
        "print(pyttsx3_engine._engines[0].pid, flush=True); import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=300, check=False)
    engine = int(killed.stdout)
    with suppress(ProcessLookupError):
        assert select.select([os.pidfd_open(engine)], [], [], 20)[0], "the engine lives on"


def test_the_bots_voice_leaves_stdout_and_the_root_logger_alone() -> None:
    program = (
        "import logging; from speech.voice import Pyttsx3Voice; Pyttsx3Voice().speak('您好');"
        "assert not logging.getLogger().handlers"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=300, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_missing_library_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "libespeak-ng.so.1").write_bytes(b"not a library")
    (tmp_path / "libespeak.so.1").write_bytes(b"not a library")
    program = (
        "from speech.errors import VoiceUnavailable\nfrom speech.voice import Pyttsx3Voice\n"
        "try:\n    Pyttsx3Voice().speak('您好')\nexcept VoiceUnavailable as error:\n    print(error)"
    )
    env = os.environ | {"LD_LIBRARY_PATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout.strip() == (
        "the speech library libespeak-ng is missing: install it with: apt-get install espeak-ng"
    ), done.stderr


def test_a_missing_program_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    espeak._speaks.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(VoiceUnavailable, match="apt-get install espeak-ng"):
        caller_voices()["chen"].speak("您好")


def test_a_hung_program_ends_with_its_deadline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert caller_voices()["chen"].speak("好")  # the voice has been found before
    hung = tmp_path / "espeak-ng"
    hung.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    hung.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SynthesisFailed, match="overloaded"):
        espeak.run_program("ni2 hao3", "m3", 50, 170, deadline_seconds=0.2)


def test_a_voice_that_espeak_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "LANGUAGE", "no-such-language")
    monkeypatch.setattr(pyttsx3_engine, "LANGUAGE", "no-such-language")
    with pytest.raises(VoiceUnavailable, match="no-such-language"):
        Pyttsx3Voice().speak("您好")
    with pytest.raises(VoiceUnavailable, match="no-such-language"):
        caller_voices()["chen"].speak("您好")


def test_silence_stays_silence_and_loud_peaks_are_kept_below_full_scale() -> None:
    assert telephone(np.zeros(800, np.float32), 8000) == b""
    click = np.zeros(8000, np.float32)
    click[4000] = 1.0
    assert np.abs(samples(telephone(click, 8000))).max() <= 0.95
