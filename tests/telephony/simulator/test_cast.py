"""The demo's cast is complete and honest; a faulty cast is told all its faults at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules.outcomes import Outcome, ReviewType, Risk, RiskLevel
from speech.voice import caller_voices
from telephony.simulator import SheetError, load_cast
from telephony.simulator.personas import load_personas

CAST = load_cast()
ALOUD = Path(__file__).parents[2] / "acceptance" / "aloud.yaml"  # the cast that talks every script through


def test_there_are_24_clients_of_four_kinds_with_numbers_of_their_own() -> None:
    assert len(CAST.clients) == 24
    assert {client.script for client in CAST.clients} == {"new_account", "suitability", "anomaly", "identity"}
    numbers = [client.phone for client in CAST.clients]
    numbers += [client.elsewhere.phone for client in CAST.clients if client.elsewhere]
    assert len(set(numbers)) == len(numbers)


def test_every_persona_every_line_and_every_voice_has_its_part() -> None:
    called = (*CAST.clients, *load_cast(ALOUD).clients)
    personas = {name for client in called for name in client.calls}
    personas |= {name for client in called if client.elsewhere for name in client.elsewhere.calls}
    assert personas == set(CAST.personas.personas)
    lines = {CAST.personas.personas[name].line or client.line for client in CAST.clients for name in client.calls}
    assert lines == set(CAST.personas.lines)
    voices = {client.voice for client in CAST.clients} | {c.elsewhere.voice for c in CAST.clients if c.elsewhere}
    assert voices == set(caller_voices())


def test_the_client_with_an_r5_product_is_called_three_times() -> None:
    r5 = [client for client in CAST.clients if client.product and client.product.risk_level is RiskLevel.R5]
    assert [(client.expected.attempts, client.expected.status) for client in r5] == [((3, 3), "已完成：无人应答")]


def test_surnames_that_are_read_otherwise_are_there() -> None:
    assert {"单", "曾", "解", "查"} <= {client.name[0] for client in CAST.clients}


def test_final_statuses_are_those_of_table_f1_or_a_person_goes_on() -> None:
    table = {"已回访", "拒绝回访", "电话占线", "客户挂断", "无人应答", "无法接通", "关机", "停机", "空号", "错号"}
    for client in CAST.clients:
        status = client.expected.status
        assert status == "未完成：转人工" or status.removeprefix("已完成：") in table


def test_safe_answers_are_spelled_out() -> None:
    talkative = next(client for client in CAST.clients if client.id == "suitability-talkative")
    assert talkative.expected.answers["suitability.staff_misconduct"] == "no"
    assert len(talkative.expected.answers) == 8
    assert set(talkative.expected.answers.values()) == {"yes", "no"}


def test_a_persona_may_change_with_the_attempt_and_with_the_number() -> None:
    busy = next(client for client in CAST.clients if client.id == "suitability-busy-later")
    assert [busy.persona_at(busy.phone, no) for no in (1, 2, 3)] == ["busy_later", "cooperative", "cooperative"]
    relayed = next(client for client in CAST.clients if client.elsewhere)
    assert relayed.elsewhere is not None
    assert relayed.persona_at(relayed.elsewhere.phone, 1) == "cooperative"
    assert relayed.voice_at(relayed.elsewhere.phone) != relayed.voice_at(relayed.phone)


def test_a_larger_cast_repeats_the_parts_with_other_people() -> None:
    cast = CAST.of(60)
    assert len(cast.clients) == 60 and cast.clients[:24] == CAST.clients
    assert len(cast.by_number()) == 62 + 1  # one contact in every round of 24
    assert len({client.id for client in cast.clients}) == 60
    assert cast.clients[24].calls == CAST.clients[0].calls
    assert (cast.clients[24].voice, cast.clients[24].name) != (CAST.clients[0].voice, CAST.clients[0].name)


def test_a_smaller_cast_is_the_beginning() -> None:
    assert CAST.of(3).clients == CAST.clients[:3]


def test_the_benchmark_cast_talks_at_once() -> None:
    cast = CAST.of(40, benchmark=True)
    assert len(cast.clients) == 40
    assert {name for client in cast.clients for name in client.calls} <= {"cooperative", "terse", "talkative"}
    assert {client.expected.outcome for client in cast.clients} == {Outcome.REVIEWED}


FAULTY = """\
clients:
  one:
    name: 张三
    title: 小姐
    phone: "1380000100"
    voice: pavarotti
    review: gossip
    calls: [cooperative, sulky]
    line: busy_tone
    shoe_size: 42
    expected:
      status: 完成
      outcome: happy
      attempts: 3-2
      answers: {new_account.colour: yes, new_account.own_will: perhaps}
      risks: [boredom]
  one:
    name: 李四
  two:
    name: 王五
    phone: "1380000100"
    product: {code: X, name: Y, risk: R9}
"""


def test_all_faults_of_a_cast_are_reported_at_once_with_their_lines(tmp_path: Path) -> None:
    sheet = tmp_path / "cast.yaml"
    sheet.write_text(FAULTY, "utf-8")
    with pytest.raises(SheetError) as caught:
        load_cast(sheet)
    lines = sorted(int(problem.removeprefix(f"{sheet}:").split(":")[0]) for problem in caught.value.problems)
    assert sorted(set(lines)) == [4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 20, 21, 22]
    assert all(": " in problem and len(problem) < 600 for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("clients: [a, b", "not YAML"),
        ("", "empty"),
        ("clients:\n", "no clients"),
        ("- 1\n", "mapping"),
    ],
)
def test_a_sheet_that_is_no_cast_is_refused_in_one_message(tmp_path: Path, text: str, says: str) -> None:
    sheet = tmp_path / "cast.yaml"
    sheet.write_text(text, "utf-8")
    with pytest.raises(SheetError, match=says):
        load_cast(sheet)


def test_a_missing_and_a_foreign_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match=r"nowhere\.yaml: cannot be read"):
        load_cast(tmp_path / "nowhere.yaml")
    (tmp_path / "gbk.yaml").write_bytes("clients: 客户".encode("gbk"))
    with pytest.raises(SheetError, match="UTF-8"):
        load_cast(tmp_path / "gbk.yaml")


PERSONAS = """\
manners:
  plain: {answers: {}, lost: [啊], waiting: [喂]}
lines:
  rings: {gloss: 振铃, answers: yes}
  hum: {gloss: 嗡, early: [{tone: hum}, {tone: busy, announce: 喂}]}
personas:
  nobody: {gloss: 无}
  ghost: {gloss: 鬼, line: rings}
  pilot: {gloss: 飞, manner: soaring, line: sky}
  clown: {gloss: 笑, manner: plain, truth: {"*": maybe}, keys: [juggle], reactions: {"*": [{sing: la}]}}
"""


def test_all_faults_of_the_personas_are_reported_at_once(tmp_path: Path) -> None:
    sheet = tmp_path / "personas.yaml"
    sheet.write_text(PERSONAS, "utf-8")
    with pytest.raises(SheetError) as caught:
        load_personas(sheet)
    lines = [int(problem.removeprefix(f"{sheet}:").split(":")[0]) for problem in caught.value.problems]
    assert sorted(set(lines)) == [5, 7, 8, 9, 10]
    assert len(lines) >= 9


def test_review_types_and_risks_are_those_of_the_rules() -> None:
    assert all(isinstance(client.review, ReviewType) for client in CAST.clients)
    assert all(isinstance(risk, Risk) for client in CAST.clients for risk in client.expected.risks)
