"""How well a call could be heard: an estimate after the E-model (ITU-T G.107) from loss, jitter and delay."""

from __future__ import annotations

from dataclasses import dataclass

_R0 = 93.2  # the defaults of G.107 all together
_BPL = 25.1  # G.711 with concealment (G.113 table I.3)
_PACKET_MS = 20.0


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
        one_way = (self.round_trip_ms or 0.0) / 2 + _PACKET_MS + 2 * self.jitter_ms
        return r_factor(self.loss, one_way)

    @property
    def opinion(self) -> float:
        """The mean opinion score, 1 to 4.5."""
        return opinion_score(self.r_factor)


def r_factor(loss: float, one_way_ms: float) -> float:
    """The transmission rating of G.711 with concealment at a share of random loss and a one-way delay (G.107)."""
    late = max(0.0, one_way_ms - 177.3)
    delay_impairment = 0.024 * one_way_ms + 0.11 * late
    percent = 100 * loss
    loss_impairment = 95 * percent / (percent + _BPL)
    return max(0.0, min(100.0, _R0 - delay_impairment - loss_impairment))


def opinion_score(r: float) -> float:
    """The mean opinion score, 1 to 4.5, of a transmission rating (G.107 Annex B)."""
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)
