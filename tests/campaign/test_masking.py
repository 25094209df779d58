"""Numbers and names that most readers need not know."""

from __future__ import annotations

import pytest

from campaign.masking import mask_name, mask_numbers, mask_phone


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("您说的号码是幺三九，零零零零，二零零六，对吗？", "您说的号码是〔号码〕，对吗？"),
        ("幺三九零零零零二零零六", "〔号码〕"),
        ("他的电话13900002006", "他的电话139****2006"),
        ("我有两三个账户", "我有两三个账户"),
        ("二零二六年开的", "二零二六年开的"),
        ("百分之三十五", "百分之三十五"),
    ],
)
def test_long_numbers_are_masked_and_short_ones_stay(text: str, shown: str) -> None:
    assert mask_numbers(text) == shown


def test_names_and_phones_keep_what_tells_them_apart() -> None:
    assert mask_name("欧阳俊") == "欧**"
    assert mask_name("查") == "查*"
    assert mask_phone("13812345678") == "138****5678"
    assert mask_phone("95500") == "*****"
