"""Where calls are handed over to, as the environment says it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from settings import Settings


@pytest.mark.parametrize(
    ("road", "to", "extensions"),
    [
        ("browser", "", ()),
        ("callback", "", ()),
        ("refer", "sip:queue@pbx.example", ("sip:queue@pbx.example",)),
        ("attended", "sip:8001@pbx.example", ("sip:8001@pbx.example",)),
        (
            "bridge",
            "sip:8001@pbx.example, sips:*802@10.0.0.1:5061",
            ("sip:8001@pbx.example", "sips:*802@10.0.0.1:5061"),
        ),
    ],
)
def test_roads_and_their_extensions(road: str, to: str, extensions: tuple[str, ...]) -> None:
    assert Settings(hand_over=road, refer_to=to).extensions == extensions


@pytest.mark.parametrize(
    ("road", "to"),
    [
        ("refer", ""),
        ("refer", "8001"),
        ("refer", "sip:8001@pbx,sip:8002@pbx"),
        ("attended", ""),
        ("attended", "sip:queue@pbx.example"),
        ("attended", "sip:8001"),
        ("bridge", "sip:8001@pbx,8002"),
    ],
)
def test_a_road_without_a_usable_extension_is_refused_by_name(road: str, to: str) -> None:
    with pytest.raises(ValidationError, match=f"HUIFANG_HAND_OVER={road} needs HUIFANG_REFER_TO"):
        Settings(hand_over=road, refer_to=to)
