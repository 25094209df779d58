"""Table A.1 of T/SAC 002-2024 (常见客户回访类型及操作要求) as data, with its supplements and §5.1. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from rules.outcomes import Method, ReviewType


class Basis(StrEnum):
    """What a share is a share of (回访比率的基数)."""

    EACH = "each"  # 每一位符合条件的客户
    BUYERS = "buyers"  # 上年末购买产品或接受服务的客户总数（含风险错配的，不含休眠账户及中止交易账户）
    CLIENTS = "clients"  # 上年末客户总数（不含休眠账户及中止交易账户）
    SERVED = "served"  # 上年末经纪人、证券投资顾问名下客户（不含休眠账户及中止交易账户）
    MERGED = "merged"  # 可与适当性回访比例结合，无单独比例
    UNSAID = "unsaid"  # the standard names no share


class Term(StrEnum):
    """When a review is to be done (回访时间要求)."""

    BEFORE_USE = "before_use"  # 账户可使用前
    DAYS_30 = "days_30"  # 交易权限开通后三十个自然日内
    TRADING_DAYS_2 = "trading_days_2"  # 发现后两个交易日内
    YEAR_END = "year_end"  # 每个自然年度结束前
    AFTER_COOLING_OFF = "after_cooling_off"  # 在投资冷静期满后
    BEFORE_LEAVING = "before_leaving"  # 人员离职前
    AFTER_SETTLEMENT = "after_settlement"  # 投诉事项处理完结后
    BEFORE_SETTLEMENT = "before_settlement"  # 投诉事项处理完结前 (§5.1.7 c: 和解后、完结前)


ANY = frozenset(Method)  # 所有回访方式中的任一种
HUMAN_ONLY = frozenset({Method.HUMAN_CALL})
RECORDED = frozenset({Method.HUMAN_CALL, Method.VOICE_BOT, Method.EMAIL, Method.LETTER})  # 录音电话、电邮、信函


@dataclass(frozen=True, slots=True)
class Line:
    """One line of table A.1.

    `number`: 序号, empty for what only §5.1 or the supplements name. `share_percent`: of `basis`, None where no share
    of its own is set. `sampled`: its clients may be drawn; otherwise every client concerned is reviewed.
    `mandatory`: the review is a step of the business itself (table F.1 note 1). `whom`, `advice` and `points` are
    Chinese for screens; `points` lists 回访关注要点.
    """

    number: str
    review_type: ReviewType
    whom: str
    share_percent: int | None
    basis: Basis
    term: Term
    term_words: str
    methods: frozenset[Method]
    clause: str
    advice: str = ""
    points: tuple[str, ...] = ()
    sampled: bool = False
    mandatory: bool = False


_HUMAN_ADVISED = "建议人工参与回访"
_CONDUCT_POINTS = ("执业情况", "是否违规操作客户账户、违规推荐产品或接受客户全权委托等")
_STAFF_POINTS = ("是否存在操作客户账户、违规推荐产品、承诺收益或接受客户全权委托等违规行为",)

ANNEX_A: tuple[Line, ...] = (
    Line(
        "1",
        ReviewType.NEW_ACCOUNT,
        "新开资金账户和证券账户的客户",
        100,
        Basis.EACH,
        Term.BEFORE_USE,
        "账户可使用前",
        ANY,
        "表A.1第1项",
        points=(
            "确认客户身份；委托他人代理开户的，确认代理人身份及代理权限",
            "已阅读各类风险揭示文件并理解相关条款",
            "开户为其真实意愿",
            "提醒自行设置和妥善保管密码",
        ),
        mandatory=True,
    ),
    Line(
        "1",
        ReviewType.NEW_ACCOUNT,
        "非现场新开户客户",
        100,
        Basis.EACH,
        Term.BEFORE_USE,
        "账户可使用前",
        ANY,
        "表A.1第1项",
        advice="单向视频开户必须人工电话",
        points=(
            "客户身份识别",
            "客户开户意愿",
            "是否清晰了解不同市场交易规则的差异，是否认真阅读并亲自签署了风险揭示书",
        ),
        mandatory=True,
    ),
    Line(
        "2",
        ReviewType.NEW_PERMISSION,
        "新增设定准入条件的交易权限的客户",
        100,
        Basis.EACH,
        Term.DAYS_30,
        "交易权限开通后三十个自然日内",
        ANY,
        "表A.1第2项",
        points=("账户权限变动确认", "从业人员是否违规操作客户账户", "适当性等关注点"),
    ),
    Line(
        "3",
        ReviewType.ANOMALY,
        "账户使用、资金划转、证券交易等存在异常情形的客户",
        100,
        Basis.EACH,
        Term.TRADING_DAYS_2,
        "两个交易日内",
        ANY,
        "表A.1第3项",
        advice=_HUMAN_ADVISED,
        points=("识别客户身份及是否为本人操作，关注可能的风险", "是否向投资者充分揭示风险"),
    ),
    Line(
        "4",
        ReviewType.SUITABILITY,
        "购买产品或接受服务的客户",
        10,
        Basis.BUYERS,
        Term.YEAR_END,
        "每个自然年度结束前",
        ANY,
        "表A.1第4项",
        points=(
            "客户身份识别",
            "是否按规定签署《投资者基本信息表》《投资者风险承受能力评估问卷》",
            "是否知晓产品或服务的风险及相关业务规则等",
            "是否知晓自己的风险承受能力等级、产品或服务的风险等级以及适当性匹配意见",
            "是否知晓承担的费用以及可能产生的投资损失",
            "证券公司人员是否违规操作客户账户",
            "是否存在全权委托",
            "是否存在《证券期货投资者适当性管理办法》第二十二条情况",
        ),
        sampled=True,
    ),
    Line(
        "4",
        ReviewType.SUITABILITY,
        "购买代销金融产品、场外期权业务等专门提示的服务或产品的客户",
        None,
        Basis.MERGED,
        Term.YEAR_END,
        "每个自然年度结束前",
        ANY,
        "表A.1第4项",
        advice="适当性回访比例中应包括专门业务；对购买高风险产品的普通投资者宜明显增加回访次数",
        sampled=True,
    ),
    Line(
        "5",
        ReviewType.CONDUCT,
        "经纪人、证券投资顾问名下客户",
        None,
        Basis.MERGED,
        Term.YEAR_END,
        "每个自然年度结束前",
        ANY,
        "表A.1第5项",
        advice="不得由从事招揽客户、服务的人员进行回访",
        points=_CONDUCT_POINTS,
        sampled=True,
    ),
    Line(
        "6",
        ReviewType.PRIVATE_FUND,
        "购买了私募基金的客户",
        100,
        Basis.EACH,
        Term.AFTER_COOLING_OFF,
        "在投资冷静期满后",
        RECORDED,
        "表A.1第6项、§5.1.6 d",
        advice="由基金销售推介业务以外的人员回访，不得出现诱导性陈述",
        points=(
            "是否知悉投资冷静期的起算时间、期间以及享有的权利",
            "是否知悉风险揭示、未来可能承担投资损失",
            "《私募投资基金募集行为管理办法》第三十条等规定的内容",
        ),
        mandatory=True,
    ),
    Line(
        "6",
        ReviewType.LEAVING,
        "拟离职人员名下客户",
        None,
        Basis.MERGED,
        Term.BEFORE_LEAVING,
        "人员离职前",
        ANY,
        "表A.1第6项",
        points=_STAFF_POINTS,
        sampled=True,
    ),
    Line(
        "6",
        ReviewType.COMPLAINED,
        "被投诉人员名下客户",
        None,
        Basis.MERGED,
        Term.AFTER_SETTLEMENT,
        "投诉事项处理完结后",
        ANY,
        "表A.1第6项",
        points=_STAFF_POINTS,
        sampled=True,
    ),
    Line(
        "",
        ReviewType.SETTLED,
        "提出投诉的客户",
        None,
        Basis.UNSAID,
        Term.BEFORE_SETTLEMENT,
        "投诉事项处理完结前",
        ANY,
        "§5.1.7 c",
        points=("是否存在投诉纠纷未了事项", "对投诉处理及证券公司服务是否满意"),
    ),
    Line(
        "",
        ReviewType.OTHER,
        "其他存量客户",
        5,
        Basis.CLIENTS,
        Term.YEAR_END,
        "每年",
        ANY,
        "§5.1.4、表A.1补充3",
        sampled=True,
    ),
)

SAMPLED = frozenset(line.review_type for line in ANNEX_A if line.sampled)
MANDATORY = frozenset(line.review_type for line in ANNEX_A if line.mandatory)


def lines_of(review_type: ReviewType) -> tuple[Line, ...]:
    """The lines of a type, the general one first."""
    return tuple(line for line in ANNEX_A if line.review_type is review_type)


def line_of(review_type: ReviewType) -> Line:
    """The general line of a type."""
    return lines_of(review_type)[0]


@dataclass(frozen=True, slots=True)
class YearlyShare:
    """A share of last year-end's clients that is owed every year.

    `credits`: the types whose completed reviews count towards it, one per client (§5.1.7: overlapping reviews merge).
    """

    name: str
    percent: int
    basis: Basis
    credits: frozenset[ReviewType]
    clause: str

    @property
    def share(self) -> Fraction:
        """The share as an exact fraction."""
        return Fraction(self.percent, 100)


# What §5.1.4 calls 已即时完成回访的情形: such clients are no "other clients" of that year.
AT_ONCE = frozenset({ReviewType.NEW_ACCOUNT, ReviewType.NEW_PERMISSION, ReviewType.ANOMALY})

SUITABILITY_SHARE = YearlyShare(
    "适当性回访", 10, Basis.BUYERS, frozenset({ReviewType.SUITABILITY}), "§5.1.5、表A.1第4项"
)
# 可与适当性回访比例结合: the same share, of whom brokers and advisers serve. Reviews of leaving and complained-about
# staff put the same two questions about that person (E.2.4 to E.2.6).
CONDUCT_SHARE = YearlyShare(
    "执业情况回访",
    SUITABILITY_SHARE.percent,
    Basis.SERVED,
    frozenset({ReviewType.CONDUCT, ReviewType.LEAVING, ReviewType.COMPLAINED}),
    "§5.1.7 a、b、表A.1第5项",
)
OTHER_SHARE = YearlyShare(
    "其他存量客户回访",
    5,
    Basis.CLIENTS,
    frozenset(ReviewType) - AT_ONCE - {ReviewType.PRIVATE_FUND},
    "§5.1.4、表A.1补充3",
)
# A private fund's review is the fund raiser's (募集), not one of the brokerage business (经纪业务).
BROKERAGE_SHARE = YearlyShare(
    "经纪业务回访合计", 10, Basis.CLIENTS, frozenset(ReviewType) - {ReviewType.PRIVATE_FUND}, "§5.1.4、表A.1补充4"
)
YEARLY_SHARES = (SUITABILITY_SHARE, CONDUCT_SHARE, OTHER_SHARE, BROKERAGE_SHARE)
