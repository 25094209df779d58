"""Several reviews in one call (一事一扰, T/SAC 002-2024 §5.1.7): every topic once, every review answered.

The oracle walks each script alone with the same answers: what it would have asked is what must count for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.merging import Merged, MergeRefused, Review, merge
from bot.moves import Facts, Note
from bot.nodes import SLOT, Exit, Goodbye, Node, Question, Reaction, Script, Statement, fill
from bot.script import load_script, script_names
from bot.writing.script_check import check
from bot.writing.source import Place
from intents import Intent
from rules.outcomes import Ending, ReviewType, Risk, Severity
from rules.risks import severity_of
from tests.bot.conversation import CALLED_AT, Conversation

NAMES = script_names()
ANSWERS = (Intent.YES, Intent.NO, Intent.UNSURE)


@lru_cache(maxsize=64)
def loaded(name: str) -> Script:
    return load_script(name)


def review(name: str, review_type: ReviewType | None = None, **slots: str) -> Review:
    script = loaded(name)
    return Review(script, {slot.name: slot.sample for slot in script.slots.values()} | slots, review_type)


def about(node: Node, slots: Mapping[str, str]) -> str:
    """What a node asks or tells, as the script format states it: its topic, else its words."""
    assert not isinstance(node, Goodbye)
    words = node.say if isinstance(node, Statement) else (node.before.say if node.before else "") + node.ask
    return fill(node.topic if node.topic not in ("", node.id) else words, slots)


def next_node(node: Node, answer: Intent) -> str:
    """Where an answer leads; where the bot would stay at the question, where the next usual answer leads."""
    ways = [node.exits[cue].go for cue in (answer, *ANSWERS)]
    return next(go for go in ways if go not in tuple(Reaction))


def walked(script: Script, answer_to: Mapping[str, Intent], subjects: Mapping[str, str]) -> list[str]:
    """The nodes of a review, in order, when each subject is answered so; the goodbye is the last."""
    path = [script.review]
    while not isinstance(node := script.nodes[path[-1]], Goodbye):
        path.append(next_node(node, answer_to.get(subjects[node.id], Intent.YES)))
    return path


def subjects_of(merged: Merged, reviews: list[Review]) -> dict[str, str]:
    """What each node of the call is about, by the reviews that it counts for; they must agree."""
    found: dict[str, set[str]] = {}
    for place, questions in zip(merged.order, merged.questions, strict=True):
        one = reviews[place]
        for asked, own in questions.items():
            found.setdefault(asked, set()).add(about(one.script.nodes[own], one.slots))
    assert all(len(subjects) == 1 for subjects in found.values())
    return {asked: subjects.pop() for asked, subjects in found.items()}


def own_subjects(one: Review) -> dict[str, str]:
    nodes = (node for node in one.script.nodes.values() if node.review and not isinstance(node, Goodbye))
    return {node.id: about(node, one.slots) for node in nodes}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True), st.data())
def test_every_topic_is_asked_once_and_counts_for_every_review(names: list[str], data: st.DataObject) -> None:
    reviews = [review(name) for name in names]
    merged = merge(reviews)
    assert check(merged.script, {("", "review"): Place("merged", 1)}) == []
    subjects = subjects_of(merged, reviews)
    topics = sorted(set(subjects.values()))
    answer_to = {topic: data.draw(st.sampled_from((Intent.YES, Intent.NO)), label=topic) for topic in topics}

    *asked, ending = walked(merged.script, answer_to, subjects)

    assert len({subjects[node] for node in asked}) == len(asked)
    goodbye = merged.script.nodes[ending]
    assert isinstance(goodbye, Goodbye)
    assert goodbye.ending is Ending.COMPLETED
    for place, questions in zip(merged.order, merged.questions, strict=True):
        one = reviews[place]
        assert set(questions.values()) == set(own_subjects(one))
        alone = walked(one.script, answer_to, own_subjects(one))[:-1]
        counted = [questions[node] for node in asked if node in questions]
        assert {about(one.script.nodes[own], one.slots) for own in counted} >= {
            about(one.script.nodes[own], one.slots) for own in alone
        }


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(NAMES), min_size=2, max_size=5, unique=True))
def test_what_is_risky_in_any_review_is_risky_in_the_call(names: list[str]) -> None:
    reviews = [review(name) for name in names]
    merged = merge(reviews)
    for place, questions in zip(merged.order, merged.questions, strict=True):
        for asked, own in questions.items():
            ours, theirs = merged.script.nodes[asked], reviews[place].script.nodes[own]
            if isinstance(ours, Question) and isinstance(theirs, Question):
                for label in ANSWERS:
                    risk = theirs.answers[label]
                    assert risk is None or weight(ours.answers[label]) >= weight(risk)


def weight(risk: Risk | None) -> int:
    return 0 if risk is None else 1 if severity_of(risk) is Severity.MEDIUM else 2


@settings(max_examples=6, deadline=None)
@given(st.permutations(["suitability", "anomaly", "conduct", "new_account"]))
def test_the_order_is_that_of_the_deadlines_whatever_the_order_of_the_tasks(names: list[str]) -> None:
    merged = merge([review(name) for name in names])
    assert merged.script.name == "anomaly+new_account+suitability+conduct"
    assert [names[place] for place in merged.order] == ["anomaly", "new_account", "suitability", "conduct"]
    assert merged.script.hash == merge([review(name) for name in sorted(names)]).script.hash


def test_a_type_outranks_the_order_of_its_script() -> None:
    merged = merge([review("new_account"), review("suitability", ReviewType.NEW_PERMISSION)])
    assert merged.script.name == "new_account+suitability"
    merged = merge([review("settled"), review("suitability", ReviewType.NEW_PERMISSION)])
    assert merged.script.name == "suitability+settled"


def test_the_opening_names_every_business_and_the_closing_comes_once() -> None:
    merged = merge([review("suitability", 回访业务="适当性管理"), review("conduct", 回访业务="经纪人执业情况")])
    assert merged.slots["回访业务"] == "适当性管理和经纪人执业情况"
    three = merge(
        [review("suitability", 回访业务="甲"), review("conduct", 回访业务="乙"), review("anomaly", 回访业务="丙")]
    )
    assert three.slots["回访业务"] == "丙、甲和乙"


def test_the_same_script_for_two_products_asks_apart_only_what_differs() -> None:
    merged = merge([review("suitability", 业务="购买甲产品"), review("suitability", 业务="购买乙产品")])
    asked = [node.ask for node in merged.script.nodes.values() if isinstance(node, Question) and node.review]
    assert len(set(asked)) == len(asked)
    filled = [fill(text, merged.slots) for text in asked if SLOT.search(text)]
    assert sum("购买甲产品" in text for text in filled) == sum("购买乙产品" in text for text in filled) == 1
    for questions in merged.questions:
        assert set(questions.values()) == set(own_subjects(review("suitability")))


def test_an_answer_that_was_given_takes_its_branch_in_the_later_review_too() -> None:
    """资讯服务: who never received any is not asked in either review how good it was."""
    reviews = [review("new_client"), review("periodic")]
    merged = merge(reviews)
    subjects = subjects_of(merged, reviews)
    for answer, expected in ((Intent.NO, 0), (Intent.YES, 1)):
        path = walked(merged.script, {"资讯服务": answer}, subjects)
        assert [subjects.get(node) for node in path].count("资讯服务") == 1
        assert [subjects.get(node) for node in path].count("资讯满意度") == expected


def test_different_must_hear_texts_are_all_told_and_the_same_one_once() -> None:
    reviews = [review("anomaly"), review("new_account"), review("suitability"), review("identity")]
    merged = merge(reviews)
    told = [fill(node.say, merged.slots) for node in merged.script.nodes.values() if isinstance(node, Statement)]
    alone = {
        about(node, one.slots) for one in reviews for node in one.script.nodes.values() if isinstance(node, Statement)
    }
    assert len(told) == len(set(told)) == len(alone)


def test_the_merged_call_is_carried_by_the_dialogue_and_resumes_in_the_second_review() -> None:
    merged = merge([review("anomaly"), review("conduct")])
    talk = Conversation(merged.script, Facts(dict(merged.slots), CALLED_AT))
    for _ in range(2):
        talk.mean(Intent.YES)
    talk.mean(Intent.YES)
    assert "anomaly.self_operated" in talk.notes
    resumed = Conversation(merged.script, Facts(dict(merged.slots), CALLED_AT, "conduct.staff_misconduct"))
    for _ in range(2):
        resumed.mean(Intent.YES)
    assert resumed.state.node == "conduct.staff_misconduct"
    resumed.mean(Intent.NO)
    assert resumed.finish is not None
    assert resumed.finish.ending is Ending.COMPLETED
    assert [move.question for move in resumed.log if isinstance(move, Note)][-1] == "conduct.staff_misconduct"


def test_a_resume_node_that_is_gone_starts_the_review_anew() -> None:
    merged = merge([review("anomaly"), review("conduct")])
    talk = Conversation(merged.script, Facts(dict(merged.slots), CALLED_AT, "suitability.knows_rules"))
    for _ in range(2):
        talk.mean(Intent.YES)
    assert talk.state.node == "anomaly.self_operated"


def test_the_hash_follows_the_versions_that_were_merged() -> None:
    first, second = review("anomaly"), review("conduct")
    other = replace(second, script=replace(second.script, hash="0" * 64))
    assert merge([first, second]).script.hash != merge([first, other]).script.hash


def test_reviews_that_cannot_share_a_call_are_refused_with_the_reason() -> None:
    whole = review("anomaly")
    nodes = dict(whole.script.nodes)
    question = nodes["anomaly.self_operated"]
    assert isinstance(question, Question)
    nodes["anomaly.self_operated"] = replace(question, exits=dict(question.exits) | {"yes": Exit("anomaly.gone")})
    with pytest.raises(MergeRefused, match="anomaly.gone"):
        merge([replace(whole, script=replace(whole.script, nodes=nodes)), review("conduct")])
