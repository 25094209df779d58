"""How well a call could be heard, for the record and in words (通话质量)."""

from __future__ import annotations

from models import LineQuality
from models.settlements import SettledQuality
from telephony.rtp.quality import CallQuality, Judgement, judgement_of

UNMEASURED = "未测"


def settled_quality(measured: CallQuality | None) -> SettledQuality | None:
    """What is kept of a measurement; None where no audio ever came, of which nothing can be said."""
    if measured is None or not measured.received:
        return None
    far_r = measured.far_r_factor
    return SettledQuality(
        received=measured.received,
        lost=measured.lost,
        jitter_ms=round(measured.jitter_ms, 1),
        concealed_ms=measured.concealed_ms,
        r_factor=round(measured.r_factor, 1),
        round_trip_ms=_rounded(measured.round_trip_ms, 1),
        far_loss=_rounded(measured.far_loss, 4),
        far_jitter_ms=_rounded(measured.far_jitter_ms, 1),
        far_r_factor=_rounded(far_r, 1),
    )


def _rounded(figure: float | None, digits: int) -> float | None:
    return None if figure is None else round(figure, digits)


def judged(quality: LineQuality) -> Judgement:
    """The judgement of a call: that of its worse direction."""
    return judgement_of(
        min(quality.r_factor, quality.r_factor if quality.far_r_factor is None else quality.far_r_factor)
    )


def heard_here(quality: LineQuality) -> str:
    """What came from the client, in figures."""
    figures = _figures(quality.r_factor, quality.loss, quality.jitter_ms)
    return f"{figures}，补偿{quality.concealed_ms / 1000:.1f}秒" if quality.concealed_ms else figures


def heard_there(quality: LineQuality) -> str:
    """What the client heard, as its side reported it."""
    if quality.far_r_factor is None or quality.far_loss is None:
        return "对端没有报告"
    return _figures(quality.far_r_factor, quality.far_loss, quality.far_jitter_ms)


def in_a_cell(quality: LineQuality | None) -> str:
    """All of it in a cell of a spreadsheet."""
    if quality is None:
        return UNMEASURED
    return f"{judged(quality)}（来：{heard_here(quality)}；去：{heard_there(quality)}）"


def _figures(r: float, loss: float, jitter_ms: float | None) -> str:
    jitter = "" if jitter_ms is None else f"，抖动{jitter_ms:.0f}毫秒"
    return f"R值{r:.0f}，丢包{100 * loss:.1f}%{jitter}"
