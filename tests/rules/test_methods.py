"""§5.2 and table A.1: by which method a client may be reviewed."""

from __future__ import annotations

import re

import pytest

from rules import Method, ReviewType, RiskLevel
from rules.methods import OpeningMode, advice_of, refusal_of

BOT = Method.VOICE_BOT


class TestRefused:
    @pytest.mark.parametrize("method", sorted(set(Method) - {Method.HUMAN_CALL}))
    def test_one_way_video_openings_only_by_a_human_call(self, method: Method) -> None:
        """单向视频开户必须人工电话."""
        refusal = refusal_of(ReviewType.NEW_ACCOUNT, method, opening=OpeningMode.ONE_WAY_VIDEO)
        assert refusal is not None
        assert refusal.clause == "表A.1第1项"
        assert refusal.clause in refusal.reason

    def test_a_human_call_for_a_one_way_video_opening(self) -> None:
        assert refusal_of(ReviewType.NEW_ACCOUNT, Method.HUMAN_CALL, opening=OpeningMode.ONE_WAY_VIDEO) is None

    @pytest.mark.parametrize("opening", [None, OpeningMode("临柜"), OpeningMode("见证"), OpeningMode("双向视频")])
    def test_other_openings_by_any_method(self, opening: OpeningMode | None) -> None:
        for method in Method:
            assert refusal_of(ReviewType.NEW_ACCOUNT, method, opening=opening) is None

    def test_the_opening_matters_for_new_accounts_only(self) -> None:
        assert refusal_of(ReviewType.SUITABILITY, BOT, opening=OpeningMode.ONE_WAY_VIDEO) is None

    def test_private_funds_by_recorded_call_mail_or_letter(self) -> None:
        """以录音电话、电邮、信函等适当方式进行投资回访."""
        allowed = {method for method in Method if refusal_of(ReviewType.PRIVATE_FUND, method) is None}
        assert allowed == {Method.HUMAN_CALL, Method.VOICE_BOT, Method.EMAIL, Method.LETTER}
        refusal = refusal_of(ReviewType.PRIVATE_FUND, Method.QUESTIONNAIRE)
        assert refusal is not None
        assert "录音电话、电邮、信函" in refusal.reason
        assert "问卷" in refusal.reason

    @pytest.mark.parametrize("level", list(RiskLevel))
    def test_the_bot_suits_low_and_middle_risk(self, level: RiskLevel) -> None:
        refusal = refusal_of(ReviewType.SUITABILITY, BOT, risk_level=level)
        assert (refusal is not None) == (level is RiskLevel.R5)
        assert refusal is None or "§5.2.2" in refusal.clause
        assert refusal_of(ReviewType.SUITABILITY, Method.HUMAN_CALL, risk_level=level) is None

    def test_a_firm_draws_its_own_line(self) -> None:
        r4 = RiskLevel.R4
        assert refusal_of(ReviewType.SUITABILITY, BOT, risk_level=r4, human_from=r4) is not None
        assert refusal_of(ReviewType.SUITABILITY, BOT, risk_level=RiskLevel.R5, human_from=None) is None

    def test_a_client_who_wants_a_person(self) -> None:
        refusal = refusal_of(ReviewType.OTHER, BOT, wants_human=True)
        assert refusal is not None
        assert refusal.clause == "§6.2"
        assert refusal_of(ReviewType.OTHER, Method.HUMAN_CALL, wants_human=True) is None

    @pytest.mark.parametrize("review_type", list(ReviewType))
    def test_everything_else_may_be_called_by_the_bot(self, review_type: ReviewType) -> None:
        assert refusal_of(review_type, BOT) is None
        assert refusal_of(review_type, BOT, risk_level=RiskLevel.R3) is None


class TestAdvised:
    def test_people_for_anomalies_and_what_may_be_misconduct(self) -> None:
        """§5.2.1: 异常情形、拟离职人员名下、被投诉人员名下、投诉事项处理完结."""
        advised = {one for one in ReviewType if advice_of(one, BOT)}
        assert advised == {ReviewType.ANOMALY, ReviewType.LEAVING, ReviewType.COMPLAINED, ReviewType.SETTLED}
        for review_type in ReviewType:
            assert not advice_of(review_type, Method.HUMAN_CALL)
            assert not advice_of(review_type, Method.MEETING)
        assert "表A.1第3项" in advice_of(ReviewType.ANOMALY, BOT)

    @pytest.mark.parametrize("method", [Method.QUESTIONNAIRE, Method.MESSAGE])
    def test_questionnaires_and_messages_for_low_risk(self, method: Method) -> None:
        assert advice_of(ReviewType.SUITABILITY, method, risk_level=RiskLevel.R3)
        assert not advice_of(ReviewType.SUITABILITY, method, risk_level=RiskLevel.R2)
        assert not advice_of(ReviewType.SUITABILITY, method)
        assert not advice_of(ReviewType.SUITABILITY, BOT, risk_level=RiskLevel.R3)

    def test_is_chinese_with_its_clause(self) -> None:
        for review_type in ReviewType:
            for method in Method:
                advice = advice_of(review_type, method, risk_level=RiskLevel.R5)
                assert not advice or re.search(r"（(§|表)", advice)
