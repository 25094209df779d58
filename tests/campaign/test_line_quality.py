"""What is kept of a measured line."""

from __future__ import annotations

from campaign.calls.line_quality import in_a_cell, settled_quality
from telephony.rtp.quality import CallQuality


def test_a_call_in_which_no_audio_came_is_not_measured() -> None:
    assert settled_quality(None) is None
    assert settled_quality(CallQuality(0, 0, 0.0, 0, None, None, None, 0)) is None
    assert in_a_cell(None) == "未测"


def test_both_directions_are_kept_where_the_far_end_reported() -> None:
    one_way = settled_quality(CallQuality(90, 10, 2.04, 200, None, None, None, 3))
    assert one_way is not None
    assert (one_way.received, one_way.lost, one_way.jitter_ms, one_way.far_r_factor) == (90, 10, 2.0, None)
    both = settled_quality(CallQuality(100, 0, 2.0, 0, 40.0, 0.02, 3.0, 0))
    assert both is not None and both.far_r_factor is not None
    assert both.far_r_factor < both.r_factor
