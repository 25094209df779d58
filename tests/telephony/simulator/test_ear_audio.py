"""The bot's voice through A-law, recognised, must bring back the very question; a wrong prompt must bring none."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

from speech.g711 import alaw_decode, alaw_encode
from speech.prompts import Prompts
from speech.recogniser import Recogniser
from telephony.simulator import audio
from telephony.simulator.cast import load_cast
from telephony.simulator.ear import Heard, Kind, ear_for, load_questions

pytestmark = pytest.mark.audio

ALOUD = Path(__file__).parents[2] / "acceptance" / "aloud.yaml"  # the cast that talks every script through
SLOTS = {
    "客户姓名": "查文静",
    "称谓": "女士",
    "业务": "购买金融产品",
    "号码": "幺三九，零零零零，二零零六",
    "预约时间": "明天下午三点",
    **{name: value for client in load_cast(ALOUD).clients for name, value in client.slots.items()},
}
QUESTIONS = load_questions()
PHRASES = [
    (question, phrase)
    for question in QUESTIONS.values()
    for phrase in question.phrases
    if question.kind is Kind.QUESTION and len(phrase) > 9
]

# T/SAC 002-2024 annex E, as it is printed (slots filled in).
ANNEX_E = [
    ("opening", "您好！我是华夏安信证券客户服务中心工作人员，工号是8001。请问您是查文静女士吗？", "opening.identity"),
    ("opening", "今天打电话是想就适当性对您做一个简单的回访，耽误您两分钟，请问您现在方便吗？", "opening.convenient"),
    ("opening", "很抱歉，打扰了！请问您大概什么时间有空？", "opening.callback_time"),
    ("opening", "很抱歉，打扰了！请问您知道查文静女士的联系方式吗？", "relay.knows_contact"),
    ("opening", "方便提供一下她的联系方式吗？", "relay.give_contact"),
    ("new_account", "请问开户是您本人真实意愿吗？", "new_account.own_will"),
    ("new_account", "请问您是否已阅读并充分理解开户协议相关条款？", "new_account.read_agreement"),
    ("anomaly", "请问账户是您本人操作吗？", "anomaly.self_operated"),
    ("suitability", "请问账户是您本人操作吗？", "suitability.self_operated"),
    ("suitability", "请问是您本人自愿申请并亲自办理购买金融产品的吗？", "suitability.own_application"),
    ("suitability", "请问您是否自愿并按规定签署了相关协议及问卷？", "suitability.signed_documents"),
    ("suitability", "请问您是否已知晓所购买产品或接受服务的业务规则？", "suitability.knows_rules"),
    (
        "suitability",
        "请问您是否已阅读并充分理解产品或服务相关风险揭示书等文件内容？",
        "suitability.read_risk_disclosure",
    ),
    (
        "suitability",
        "请问您是否已知晓自己的风险承受能力等级、购买的产品或者接受服务的风险等级以及适当性匹配意见？",
        "suitability.knows_risk_levels",
    ),
    ("suitability", "是否知晓承担的费用以及可能产生的投资损失？", "suitability.knows_fees_losses"),
    (
        "suitability",
        "按规定，我公司工作人员在产品销售或提供服务的过程中，不允许发生违规代客操作或接受全权委托等损害"
        "您合法权益的行为。请问我司工作人员是否存在上述违规行为？",
        "suitability.staff_misconduct",
    ),
]


async def heard_over_the_line(text: str, review: str, ears: Recogniser, bot_voice: Prompts) -> Heard:
    pcm = alaw_decode(alaw_encode(bot_voice.get(text)))
    return ear_for(QUESTIONS, [review], SLOTS).listen((await ears.transcribe(pcm)).text)


@pytest.mark.parametrize(("review", "text", "question"), ANNEX_E, ids=[f"{r}-{q}" for r, _, q in ANNEX_E])
async def test_the_questions_of_the_annex_are_understood(
    review: str, text: str, question: str, ears: Recogniser, bot_voice: Prompts
) -> None:
    heard = await heard_over_the_line(text, review, ears, bot_voice)
    assert heard.question is not None and heard.question.id == question


async def test_every_way_of_asking_is_understood(ears: Recogniser, bot_voice: Prompts) -> None:
    wrong = []
    for question, phrase in PHRASES:
        text = re.sub(r"\{(.*?)\}", lambda slot: SLOTS[slot[1]], phrase)
        heard = await heard_over_the_line(text + "？", question.review, ears, bot_voice)
        if heard.question is None or heard.question.id != question.id:
            wrong.append((question.id, phrase, heard))
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "请问今天天气怎么样？",
        "您的快递已经放在门口了。",
        "请问您喜欢喝茶还是喝咖啡？",
        "嗯嗯嗯。",
        "吗作操人本您是户账问请。",  # the words of a question in another order
    ],
)
async def test_a_wrong_prompt_is_no_question(text: str, ears: Recogniser, bot_voice: Prompts) -> None:
    assert (await heard_over_the_line(text, "suitability", ears, bot_voice)).question is None


@pytest.mark.parametrize("distort", ["reversed", "noise", "muffled", "shuffled"])
async def test_a_garbled_prompt_is_no_question(distort: str, ears: Recogniser, bot_voice: Prompts) -> None:
    signal = audio.signal_of(bot_voice.get("请问账户是您本人操作吗？"))
    match distort:
        case "reversed":
            signal = signal[::-1]
        case "noise":
            signal = audio.noise(len(signal), 1) * 0.1
        case "muffled":
            signal = audio.muffle(signal)
        case _:
            frames = audio.frames_of(audio.pcm_of(signal))
            signal = audio.signal_of(b"".join(Random(1).sample(frames, len(frames))))
    heard = ear_for(QUESTIONS, ["suitability"], SLOTS).listen((await ears.transcribe(audio.pcm_of(signal))).text)
    assert heard.question is None


async def test_offered_keys_are_heard(ears: Recogniser, bot_voice: Prompts) -> None:
    heard = await heard_over_the_line("是您本人操作请按1，不是请按2。", "anomaly", ears, bot_voice)
    assert heard.keys == {"yes": "1", "no": "2"}


async def test_a_number_that_is_read_back_is_heard_digit_by_digit(ears: Recogniser, bot_voice: Prompts) -> None:
    from telephony.simulator.ear import digits

    pcm = alaw_decode(alaw_encode(bot_voice.get("您说的号码是13900002006，对吗？")))
    assert "13900002006" in digits((await ears.transcribe(pcm)).text)
