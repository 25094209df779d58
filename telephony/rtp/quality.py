"""How well a call could be heard: an estimate after the E-model (ITU-T G.107) from loss, jitter and delay."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_R0 = 93.2  # the defaults of G.107 all together
_BPL = 25.1  # G.711 with concealment (G.113 table I.3)
_PACKET_MS = 20.0


class Judgement(StrEnum):
    """What listeners think of a line, by the bands of the rating R in ITU-T G.107 Annex B, table B.1."""

    GOOD = "良好"  # R 80 and above: satisfied, or very satisfied
    FAIR = "一般"  # 60 to 80: some or many users dissatisfied
    POOR = "差"  # below 60: nearly all users dissatisfied


@dataclass(frozen=True, slots=True)
class CallQuality:
    """A call's audio as it arrived here, and as the far end reported ours (None where it never did)."""

    received: int  # packets
    lost: int
    jitter_ms: float
    concealed_ms: int
    round_trip_ms: float | None
    far_loss: float | None  # share, 0 to 1
    far_jitter_ms: float | None
    strangers: int  # packets from addresses that are not the far end's

    @property
    def loss(self) -> float:
        """The share of packets that never came, 0 to 1."""
        expected = self.received + max(0, self.lost)
        return max(0, self.lost) / expected if expected else 0.0

    @property
    def r_factor(self) -> float:
        """0 (nothing is understood) to 93 (as good as narrow-band gets)."""
        return r_factor(self.loss, self._one_way_ms(self.jitter_ms))

    @property
    def far_r_factor(self) -> float | None:
        """The same of our audio at the far end; None where it never reported."""
        if self.far_loss is None:
            return None
        return r_factor(self.far_loss, self._one_way_ms(self.far_jitter_ms or 0.0))

    @property
    def opinion(self) -> float:
        """The mean opinion score, 1 to 4.5."""
        return opinion_score(self.r_factor)

    def _one_way_ms(self, jitter_ms: float) -> float:
        return (self.round_trip_ms or 0.0) / 2 + _PACKET_MS + 2 * jitter_ms


def r_factor(loss: float, one_way_ms: float) -> float:
    """The transmission rating of G.711 with concealment at a share of random loss and a one-way delay (G.107)."""
    late = max(0.0, one_way_ms - 177.3)
    delay_impairment = 0.024 * one_way_ms + 0.11 * late
    percent = 100 * loss
    loss_impairment = 95 * percent / (percent + _BPL)
    return max(0.0, min(100.0, _R0 - delay_impairment - loss_impairment))


def judgement_of(r: float) -> Judgement:
    """The judgement that a transmission rating stands for (G.107 table B.1)."""
    if r >= 80:
        return Judgement.GOOD
    return Judgement.FAIR if r >= 60 else Judgement.POOR


def opinion_score(r: float) -> float:
    """The mean opinion score, 1 to 4.5, of a transmission rating (G.107 Annex B)."""
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)
