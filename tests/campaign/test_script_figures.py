"""Where the calls of a script end, and what was not understood: from logs as calls write them."""

from __future__ import annotations

from bot.moves import Collect, Heard, Listen
from bot.replay import move_to_json
from campaign.script_figures import LoggedCall, figures_by_node
from intents import Intent, Match

NODES = ("opening.identity", "suitability.knows_rules", "suitability.self_operated", "closing")


def asked(node: str) -> tuple[str, str]:
    return "Listen", move_to_json(Listen(node))


def heard(text: str, intent: Intent, goes_on: bool = False) -> tuple[str, str]:
    return "Heard", move_to_json(Heard(text, Match(intent), 0, 1, goes_on=goes_on))


def test_each_call_counts_once_at_a_node_and_ends_where_it_was_asked_last() -> None:
    reviewed = LoggedCall("reviewed", "", [asked(NODES[0]), heard("是我", Intent.YES), asked(NODES[1])])
    left = LoggedCall("hung_up", "", [asked(NODES[0]), asked(NODES[0]), heard("啊", Intent.UNCLEAR), asked(NODES[1])])
    refused = LoggedCall("refused", "", [asked(NODES[0]), heard("别打了", Intent.REFUSE)])
    first, second = figures_by_node([reviewed, left, refused], NODES)
    assert (first.node, first.asked, first.ended, first.by_outcome) == (NODES[0], 3, 1, (("refused", 1),))
    assert (second.node, second.asked, second.ended, second.drop_off) == (NODES[1], 2, 1, 0.5)
    assert (first.heard, first.unclear, first.unknown) == (3, 1, (("啊", 1),))


def test_what_was_not_understood_is_masked_and_counted() -> None:
    moves = [
        asked(NODES[1]),
        heard("我单小明的号是13800001111", Intent.UNCLEAR),
        asked(NODES[1]),
        heard("我单小明的", Intent.UNCLEAR),
        heard("我单小明的号是13800001111", Intent.UNCLEAR, goes_on=True),  # the client had only paused
        ("Collect", move_to_json(Collect(NODES[0]))),
        heard("", Intent.UNCLEAR),
    ]
    first, second = figures_by_node([LoggedCall("hung_up", "单小明", moves)], NODES)
    assert second.unknown == (("我单**的号是138****1111", 2),)
    assert (second.heard, second.unclear) == (2, 2)
    assert first.unknown == (("（没有听出内容）", 1),)


def test_nodes_of_a_merged_call_are_counted_for_their_own_script() -> None:
    questions = {"suitability.knows_rules~2": "suitability.knows_rules"}
    moves = [asked("suitability.knows_rules~2"), asked("anomaly.own_act~1"), asked("opening.identity~1")]
    found = figures_by_node([LoggedCall("hung_up", "", moves, questions)], NODES)
    assert {one.node: (one.asked, one.ended) for one in found} == {NODES[0]: (1, 1), NODES[1]: (1, 0)}
