"""§6.3: 回访人员不得对与本人有营销服务或有直接利益相关的客户进行回访."""

from __future__ import annotations

import pytest

from rules.conflicts import REASONS, ConflictKind, Relations, Reviewer, conflict, eligible
from rules.people import person_key

CLIENT = Relations(
    serves=frozenset({"6001", "赵立新"}),
    earns=frozenset({"6002"}),
    complained=frozenset({"7001", "钱玲"}),
    concerned=frozenset({"孙伟"}),
)


@pytest.mark.parametrize(
    ("reviewer", "kind"),
    [
        (Reviewer("6001", "某人"), ConflictKind.SERVES),
        (Reviewer("9999", "赵立新"), ConflictKind.SERVES),
        (Reviewer("6002", "李四"), ConflictKind.EARNS),
        (Reviewer("7001", "钱玲"), ConflictKind.COMPLAINED),
        (Reviewer("8888", "孙伟"), ConflictKind.CONCERNED),
        (Reviewer("5001", "周岚", solicits=True), ConflictKind.SOLICITS),
        (Reviewer("6001", "赵立新", solicits=True), ConflictKind.SOLICITS),
        (Reviewer("５００１ ", " 赵 立新"), ConflictKind.SERVES),  # full width and blanks
        (Reviewer("a7", "周岚"), None),
        (Reviewer("5002", "周岚"), None),
        (Reviewer("5003"), None),
    ],
)
def test_who_must_not_review(reviewer: Reviewer, kind: ConflictKind | None) -> None:
    found = conflict(reviewer, CLIENT)
    assert (found.kind if found else None) is kind
    assert found is None or (found.reason == REASONS[found.kind] and "§6.3" in found.reason)


def test_nothing_known_bars_nobody() -> None:
    assert conflict(Reviewer("5001", ""), Relations(serves=frozenset({""}))) is None
    assert conflict(Reviewer("", ""), Relations(serves=frozenset({""}))) is None


def test_everybody_barred() -> None:
    assert CLIENT.barred == {"6001", "赵立新", "6002", "7001", "钱玲", "孙伟"}


def test_another_reviewer_is_chosen_from_the_rest() -> None:
    """涉及回访人员被客户投诉的情况，宜由客户回访管理人员重新指定."""
    team = [Reviewer("7001", "钱玲"), Reviewer("7002", "吴峰"), Reviewer("6002"), Reviewer("7003", "郑洁")]
    assert [one.number for one in eligible(team, CLIENT)] == ["7002", "7003"]


def test_every_kind_has_its_reason() -> None:
    assert set(REASONS) == set(ConflictKind)


def test_one_person_written_differently() -> None:
    assert person_key(" Ａb 01 ") == person_key("ab01")
    assert person_key("　") == ""
