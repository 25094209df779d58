"""The evidence of an attempt and the outcome in the order of trust."""

from __future__ import annotations

import pytest

from rules import BadEvidence, Ending, Evidence, Outcome, Source, Tone, outcome_of
from rules.witnesses import ANNOUNCED, UNDECIDED_ANNOUNCEMENTS


@pytest.mark.parametrize(
    ("ending", "outcome", "sub_reason"),
    [
        (Ending.COMPLETED, Outcome.REVIEWED, ""),
        (Ending.REFUSED, Outcome.REFUSED, ""),
        (Ending.CALLBACK, Outcome.CALLBACK_AGREED, ""),
        (Ending.RELAYED, Outcome.NOT_CLIENT, "非本人接听，提供了新号码"),
        (Ending.NOT_CLIENT, Outcome.NOT_CLIENT, "非本人接听"),
        (Ending.WRONG_NUMBER, Outcome.WRONG_NUMBER, ""),
        (Ending.NOBODY_SPOKE, Outcome.SILENT, "接通后无人说话"),
        (Ending.HANDED_OVER, Outcome.NEEDS_HUMAN, "转人工"),
        (Ending.HUNG_UP, Outcome.HUNG_UP, ""),
        (Ending.MACHINE, Outcome.MACHINE, "语音信箱"),
    ],
)
def test_the_conversation_decides_first(ending: Ending, outcome: Outcome, sub_reason: str) -> None:
    verdict = outcome_of(Evidence(ending=ending, answered=True, sip_status=200, q850=16, cleared_locally=True))
    assert (verdict.outcome, verdict.sub_reason) == (outcome, sub_reason)
    assert verdict.decided_by is Source.CONVERSATION
    assert verdict.conflicts == ()


@pytest.mark.parametrize(
    ("announced", "outcome", "sub_reason"),
    [
        ("busy", Outcome.BUSY, ""),
        ("no_answer", Outcome.NO_ANSWER, ""),
        ("unreachable", Outcome.UNREACHABLE, ""),
        ("powered_off", Outcome.POWERED_OFF, ""),
        ("suspended", Outcome.SUSPENDED, ""),
        ("empty_number", Outcome.EMPTY_NUMBER, ""),
        ("refused_by_network", Outcome.UNREACHABLE, "呼入限制"),
        ("own_line", Outcome.OWN_LINE_FAILED, "我方线路受限或欠费"),
        ("voicemail", Outcome.MACHINE, "语音信箱"),
        ("phone_assistant", Outcome.MACHINE, "智能助理"),
    ],
)
def test_then_the_announcement(announced: str, outcome: Outcome, sub_reason: str) -> None:
    verdict = outcome_of(Evidence(announced=announced, cleared_locally=True))
    assert (verdict.outcome, verdict.sub_reason, verdict.decided_by) == (outcome, sub_reason, Source.ANNOUNCEMENT)


def test_announcements_cover_the_closed_set_of_intents() -> None:
    from intents.values import Announced

    assert {*ANNOUNCED, *UNDECIDED_ANNOUNCEMENTS} == {member.value for member in Announced}


@pytest.mark.parametrize(
    ("tone", "outcome"),
    [
        (Tone.BUSY, Outcome.BUSY),
        (Tone.RINGBACK, Outcome.NO_ANSWER),
        (Tone.EMPTY_NUMBER, Outcome.EMPTY_NUMBER),
        (Tone.CONGESTION, Outcome.UNREACHABLE),
        (Tone.CALL_WAITING, Outcome.BUSY),
        (Tone.SIT, Outcome.UNREACHABLE),
    ],
)
def test_then_the_tone(tone: Tone, outcome: Outcome) -> None:
    verdict = outcome_of(Evidence(tone=tone, cleared_locally=True))
    assert (verdict.outcome, verdict.decided_by) == (outcome, Source.TONE)


# Call progress in China: the fallback from codes, cause / status.
@pytest.mark.parametrize(
    ("sip", "q850", "outcome"),
    [
        (486, 17, Outcome.BUSY),
        (None, 17, Outcome.BUSY),
        (600, None, Outcome.BUSY),
        (408, 18, Outcome.NO_ANSWER),
        (480, 19, Outcome.NO_ANSWER),
        (480, None, Outcome.NO_ANSWER),
        (480, 20, Outcome.UNREACHABLE),
        (603, 21, Outcome.HUNG_UP),
        (404, 1, Outcome.EMPTY_NUMBER),
        (604, None, Outcome.EMPTY_NUMBER),
        (410, 22, Outcome.EMPTY_NUMBER),
        (484, 28, Outcome.EMPTY_NUMBER),
        (502, 27, Outcome.UNREACHABLE),
        (503, 34, Outcome.UNREACHABLE),
        (503, 41, Outcome.UNREACHABLE),
        (503, 42, Outcome.UNREACHABLE),
        (403, 55, Outcome.UNREACHABLE),
        (407, None, Outcome.OWN_LINE_FAILED),
        (486, 127, Outcome.BUSY),  # 127 says nothing: the status speaks
        (499, None, Outcome.UNREACHABLE),
    ],
)
def test_then_the_codes(sip: int | None, q850: int | None, outcome: Outcome) -> None:
    verdict = outcome_of(Evidence(sip_status=sip, q850=q850))
    assert (verdict.outcome, verdict.decided_by) == (outcome, Source.SIGNALLING)


class TestCourse:
    def test_our_own_ring_bound_is_no_answer(self) -> None:
        verdict = outcome_of(Evidence(announced="ringback_music", sip_status=487, cleared_locally=True))
        assert (verdict.outcome, verdict.sub_reason) == (Outcome.NO_ANSWER, "振铃超时")

    def test_answered_and_gone_is_hung_up(self) -> None:
        verdict = outcome_of(Evidence(announced="human", sip_status=200, answered=True))
        assert (verdict.outcome, verdict.decided_by) == (Outcome.HUNG_UP, Source.COURSE)

    def test_answered_and_ended_by_us_without_an_ending_is_our_interruption(self) -> None:
        assert outcome_of(Evidence(answered=True, cleared_locally=True)).outcome is Outcome.INTERRUPTED

    def test_nothing_known_is_said_so(self) -> None:
        verdict = outcome_of(Evidence(sip_status=183))
        assert (verdict.outcome, verdict.sub_reason) == (Outcome.UNREACHABLE, "未接通，原因不明")

    def test_ringback_before_answer_does_not_outweigh_the_answer(self) -> None:
        assert outcome_of(Evidence(tone=Tone.RINGBACK, answered=True)).outcome is Outcome.HUNG_UP


class TestOwn:
    def test_a_line_that_failed_before_answer_is_no_attempt(self) -> None:
        verdict = outcome_of(Evidence(own_line_failed=True))
        assert (verdict.outcome, verdict.decided_by) == (Outcome.OWN_LINE_FAILED, Source.OWN)

    @pytest.mark.parametrize("ending", [None, Ending.HUNG_UP])
    def test_a_line_that_failed_in_mid_call_is_not_the_clients_hanging_up(self, ending: Ending | None) -> None:
        verdict = outcome_of(Evidence(ending=ending, answered=True, own_line_failed=True))
        assert (verdict.outcome, verdict.conflicts) == (Outcome.INTERRUPTED, ())

    def test_a_killed_process_is_an_interruption(self) -> None:
        for ending in (None, Ending.HUNG_UP):
            verdict = outcome_of(Evidence(interrupted=True, ending=ending, answered=True))
            assert verdict.outcome is Outcome.INTERRUPTED

    def test_a_finished_conversation_stays_finished(self) -> None:
        verdict = outcome_of(Evidence(ending=Ending.COMPLETED, interrupted=True, answered=True))
        assert verdict.outcome is Outcome.REVIEWED
        assert len(verdict.conflicts) == 1


class TestConflicts:
    def test_a_confident_announcement_overrides_a_generic_code_without_conflict(self) -> None:
        verdict = outcome_of(Evidence(announced="powered_off", sip_status=480, q850=20))
        assert (verdict.outcome, verdict.conflicts) == (Outcome.POWERED_OFF, ())

    def test_busy_is_also_said_to_rejected_calls(self) -> None:
        verdict = outcome_of(Evidence(announced="busy", sip_status=603, q850=21))
        assert (verdict.outcome, verdict.conflicts) == (Outcome.BUSY, ())

    def test_a_code_that_says_otherwise_is_named(self) -> None:
        verdict = outcome_of(Evidence(announced="empty_number", tone=Tone.RINGBACK, sip_status=486, q850=17))
        assert verdict.outcome is Outcome.EMPTY_NUMBER
        assert verdict.conflicts == (
            "网络语音提示为「空号」，信号音（回铃音）为「无人应答」",
            "网络语音提示为「空号」，信令（Q.850 17）为「电话占线」",
        )

    def test_a_conversation_outweighs_an_announcement_that_is_named(self) -> None:
        verdict = outcome_of(Evidence(ending=Ending.COMPLETED, announced="busy", answered=True))
        assert verdict.outcome is Outcome.REVIEWED
        assert verdict.conflicts == ("对话为「已回访」，网络语音提示为「电话占线」",)

    def test_where_nobody_spoke_the_announcement_speaks(self) -> None:
        verdict = outcome_of(Evidence(ending=Ending.NOBODY_SPOKE, announced="powered_off", answered=True))
        assert verdict.outcome is Outcome.POWERED_OFF
        assert verdict.conflicts == (
            "网络语音提示为「关机」，对话为「接通后无人说话」",
            "网络语音提示为「关机」，信令（SIP 200）为「已接通」",
        )

    def test_the_announcement_says_which_machine(self) -> None:
        verdict = outcome_of(Evidence(ending=Ending.MACHINE, announced="phone_assistant", answered=True))
        assert (verdict.outcome, verdict.sub_reason, verdict.conflicts) == (Outcome.MACHINE, "智能助理", ())

    def test_what_the_network_says_after_answer_decides_and_contradicts_the_answer(self) -> None:
        verdict = outcome_of(Evidence(ending=Ending.MACHINE, announced="empty_number", answered=True, sip_status=200))
        assert (verdict.outcome, verdict.decided_by) == (Outcome.EMPTY_NUMBER, Source.ANNOUNCEMENT)
        (conflict,) = verdict.disagreements
        assert (conflict.decided, conflict.source, conflict.outcome) == (Outcome.EMPTY_NUMBER, Source.SIGNALLING, None)
        assert verdict.conflicts == ("网络语音提示为「空号」，信令（SIP 200）为「已接通」",)

    def test_voicemail_after_answer_contradicts_nothing(self) -> None:
        verdict = outcome_of(Evidence(ending=Ending.MACHINE, announced="voicemail", answered=True))
        assert (verdict.outcome, verdict.sub_reason, verdict.conflicts) == (Outcome.MACHINE, "语音信箱", ())

    def test_a_tone_in_a_persons_place_decides_and_contradicts_the_answer(self) -> None:
        verdict = outcome_of(
            Evidence(ending=Ending.MACHINE, tone=Tone.RINGBACK, tone_after_answer=Tone.BUSY, answered=True)
        )
        assert (verdict.outcome, verdict.decided_by) == (Outcome.BUSY, Source.TONE)
        assert verdict.conflicts == ("信号音为「电话占线」，信令（SIP 200）为「已接通」",)

    def test_a_tone_after_a_conversation_is_the_end_of_the_line(self) -> None:
        verdict = outcome_of(Evidence(ending=Ending.COMPLETED, tone_after_answer=Tone.BUSY, answered=True))
        assert verdict.outcome is Outcome.REVIEWED
        assert verdict.conflicts == ("对话为「已回访」，信号音（忙音）为「电话占线」",)

    def test_our_own_cancel_is_no_witness(self) -> None:
        verdict = outcome_of(Evidence(tone=Tone.RINGBACK, sip_status=486, cleared_locally=True))
        assert (verdict.outcome, verdict.conflicts) == (Outcome.NO_ANSWER, ())


def test_an_unknown_announcement_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadEvidence, match="powered_off"):
        outcome_of(Evidence(announced="engaged"))
