"""A script as its readers see it: nothing left out, everything where it belongs, in words and as a picture."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

import pytest

from bot.nodes import CUES, Question, Script, node_texts, shared_texts
from bot.script import load_script, script_names
from bot.writing.graph import graph, lane_left, wrap
from bot.writing.graph_svg import DARK, LIGHT, STYLE, svg
from bot.writing.outline import outline, safe_walk
from bot.writing.passages import Kind, Outline, Section, Weight
from rules.outcomes import Risk

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module", params=script_names())
def script(request: pytest.FixtureRequest) -> Script:
    return load_script(request.param)


@pytest.fixture(scope="module")
def shown(script: Script) -> Outline:
    return outline(script)


def test_every_node_has_one_passage(script: Script, shown: Outline) -> None:
    assert sorted(passage.node for passage in shown.passages) == sorted(script.nodes)
    assert [passage.number for passage in shown.passages] == list(range(1, len(script.nodes) + 1))


def test_every_text_of_a_node_stands_in_its_passage_and_nowhere_else(script: Script, shown: Outline) -> None:
    for node in script.nodes.values():
        passage = shown.passage(node.id)
        fixed = {field: text for field, text in node_texts(node).items() if field not in CUES}
        assert {line.field: line.text for line in passage.lines} == fixed
        on_the_way = {text for field, text in node_texts(node).items() if field in CUES}
        assert on_the_way == {way.say for way in passage.ways if way.say}


def test_every_shared_text_is_told_once(script: Script, shown: Outline) -> None:
    told = [line.text for line in shown.texts] + [reply.say for reply in (*shown.questions, *shown.doubts)]
    shared = [text for private in (False, True) for text in shared_texts(script, private=private).values()]
    assert sorted(told) == sorted(shared)


def test_every_answer_leads_where_the_script_says_or_is_told_as_usual(script: Script, shown: Outline) -> None:
    usual = {answer for way in shown.usual for answer in way.answers}
    for node in script.nodes.values():
        if not isinstance(node, Question):
            continue
        told = {answer for way in shown.passage(node.id).ways for answer in way.answers}
        by_choice = {str(choice.means) for choice in node.choices}
        assert set(map(str, CUES)) <= told | usual | by_choice, node.id
        assert set(node.answers) <= told | by_choice


def test_the_reader_meets_every_risky_answer_marked(script: Script, shown: Outline) -> None:
    for node in script.nodes.values():
        risks = set(node.answers.values()) - {None} if isinstance(node, Question) else set()
        marked = {way.risk for way in shown.passage(node.id).ways if way.weight is Weight.RISKY}
        assert marked == risks, node.id


def test_the_walk_goes_from_the_opening_to_the_thanks(script: Script, shown: Outline) -> None:
    main = [passage.node for passage in shown.section(Section.MAIN)]
    assert main == list(safe_walk(script))
    assert main[0] == script.entry
    assert shown.passage(main[-1]).ending == "回访完成"
    assert script.review in main


def test_texts_that_must_be_heard_and_private_ones_are_marked(script: Script, shown: Outline) -> None:
    for passage in shown.passages:
        node = script.nodes[passage.node]
        assert passage.private is node.private
        assert passage.must_hear is getattr(node, "must_hear", False)
        if passage.must_hear:
            assert all(line.uninterruptible for line in passage.lines)


def test_suitability_reads_as_the_standard_has_it() -> None:
    shown = outline(load_script("suitability"))
    signed = shown.passage("suitability.signed_documents")
    assert {(way.heard, way.risk, way.to) for way in signed.ways} == {
        (("是",), None, "suitability.knows_rules"),
        (("否", "说不清"), Risk.UNSIGNED, "suitability.knows_rules"),
    }
    misconduct = shown.passage("suitability.staff_misconduct")
    risky = next(way for way in misconduct.ways if way.risk is Risk.STAFF_MISCONDUCT)
    assert (risky.heard, risky.to, risky.then) == (("是",), "", "转人工")
    identity = shown.passage("opening.identity")
    assert [way.to for way in identity.ways if way.confirms_identity] == ["opening.convenient"]
    assert [line.uninterruptible for line in identity.lines if line.field == "before"] == [True]


def test_the_picture_is_well_formed_and_holds_every_question_and_every_way(shown: Outline) -> None:
    drawn = ElementTree.fromstring(svg(graph(shown)))  # noqa: S314
    words = "".join(drawn.itertext())
    walked = [*shown.section(Section.MAIN), *shown.section(Section.SIDE)]
    cards = {element.get("data-node"): "".join(element.itertext()) for element in drawn.iter(f"{SVG}g")}
    rows = {
        (element.get("data-from"), element.get("data-to"), element.get("data-answers"))
        for element in drawn.iter(f"{SVG}g")
    }
    for passage in walked:
        assert passage.says in cards[passage.node].replace("\n", "")
        assert {(passage.node, way.to, " ".join(way.answers)) for way in passage.ways} <= rows
    for goodbye in shown.section(Section.ENDING):
        assert goodbye.says in words
    assert {passage.node for passage in walked if passage.kind is Kind.QUESTION} <= set(cards)


def test_nothing_in_the_picture_lies_on_anything_else_or_outside(shown: Outline) -> None:
    picture = graph(shown)
    boxes = [(card.lane, card.top, card.height) for card in picture.cards]
    boxes += [(note.lane, note.top, note.height) for note in picture.notes]
    for lane in (0, 1):
        column = sorted((top, top + height) for at, top, height in boxes if at == lane)
        assert all(end < top for (_, end), (top, _) in zip(column, column[1:], strict=False))
        assert column[-1][1] < picture.height
    assert all(0 < x < picture.width and 0 < y < picture.height for wire in picture.wires for x, y in wire.corners)


def test_every_way_to_a_card_is_wired(shown: Outline) -> None:
    picture = graph(shown)
    cards = {card.passage.node: card for card in picture.cards}
    wired = [(wire.origin, wire.target) for wire in picture.wires]
    assert wired == [(node, way.to) for node, card in cards.items() for way in card.passage.ways if way.to in cards]
    for wire in picture.wires:
        x, y = wire.corners[-1]
        goal = cards[wire.target]
        assert lane_left(goal.lane) <= x and goal.top <= y < goal.top + goal.height


def test_lines_break_before_an_opening_and_after_a_closing_mark() -> None:
    assert wrap("一二三（四）", 10, 40) == ("一二三", "（四）")
    assert wrap("一二三四。五", 10, 40) == ("一二三四。", "五")


def test_choices_open_questions_and_statistics_are_told_as_such() -> None:
    shown = outline(load_script("satisfaction"))
    counter = shown.passage("satisfaction.counter")
    assert [(way.heard, way.risk, way.weight) for way in counter.ways] == [
        (("很满意", "满意", "一般"), None, Weight.SAFE),
        (("不满意",), Risk.DISSATISFIED, Weight.RISKY),
    ]
    assert counter.keypad == (("1", "很满意"), ("2", "满意"), ("3", "一般"), ("4", "不满意"))
    advice = shown.passage("satisfaction.advice")
    assert advice.survey
    assert advice.ways[0].heard == ("说什么都记原话",)


def test_what_ends_the_call_with_care_is_told_once() -> None:
    script = load_script("new_account")
    told = {way.answers: way.to for way in outline(script).usual if way.to in script.care.values()}
    assert told == {(risk,): node for risk, node in script.care.items()}
    assert told[Risk.DECEASED,] == script.care[Risk.DECEASED]


def luminance(colour: str) -> float:
    """The relative luminance of a colour, as WCAG 2.2 defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    shares = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_picture_can_be_read_in_either_theme(theme: Mapping[str, str]) -> None:
    """WCAG 2.2 AA: 4.5 for text (1.4.3), 3 for lines that carry meaning (1.4.11)."""
    assert contrast("#000", "#fff") == pytest.approx(21)
    assert set(re.findall(r"var\(--([a-z-]+)\)", STYLE)) == set(theme)
    written = ("ink", "strong", "faint", "safe", "risky", "mark")
    texts = [(text, under) for text in written for under in ("ground", "card", "told", "end", "note")]
    lines = [(line, "ground") for line in ("edge", "told-edge", "wire", "safe", "risky")]
    poor = [pair for pair in [*texts, ("digit", "disc")] if contrast(theme[pair[0]], theme[pair[1]]) < 4.5]
    assert poor + [pair for pair in lines if contrast(theme[pair[0]], theme[pair[1]]) < 3] == []
