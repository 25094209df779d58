"""Counting packets: sequence numbers extended to more than 16 bits, loss, and jitter (RFC 3550 §6.4, A.1, A.3, A.8)."""

from __future__ import annotations

_MODULUS = 2**16
_DROPOUT = 3000  # a larger jump is a restart, unless its next packet does not follow
_MISORDER = 100


class SequenceCount:
    """The numbers of one source; `extend` says where a packet belongs, or that it does not."""

    def __init__(self) -> None:
        self.received = 0
        self.highest = -1  # extended
        self._base = 0
        self._suspect: int | None = None
        self._anew = False
        self._earlier_expected = self._earlier_received = 0  # of sources that restarted
        self._reported_expected = self._reported_received = 0

    def extend(self, sequence: int) -> int | None:
        """The extended number of a packet; None for one that jumps too far."""
        if self.highest < 0 or self._anew:
            return self._restart(sequence)
        forward = (sequence - self.highest) % _MODULUS
        if forward < _DROPOUT:
            self.highest += forward
            self._suspect = None
            self.received += 1
            return self.highest
        if forward > _MODULUS - _MISORDER:
            self.received += 1
            return self.highest - (_MODULUS - forward)
        if sequence == self._suspect:
            return self._restart(sequence)
        self._suspect = (sequence + 1) % _MODULUS
        return None

    @property
    def expected(self) -> int:
        """Packets that were sent, as far as the numbers tell."""
        running = self.highest - self._base + 1 if self.highest >= 0 else 0
        return self._earlier_expected + running

    @property
    def lost(self) -> int:
        """Packets missing so far; duplicates count against it (A.3)."""
        return self.expected - self.total

    @property
    def total(self) -> int:
        """Packets received, over all restarts."""
        return self._earlier_received + self.received

    def restart(self) -> None:
        """The next packet begins a new run of numbers: another source, or the same after a pause."""
        self._suspect = None
        self._anew = True

    def fraction_lost(self) -> int:
        """Of 256, since this was asked last (A.3)."""
        expected_now, received_now = self.expected - self._reported_expected, self.total - self._reported_received
        self._reported_expected, self._reported_received = self.expected, self.total
        missing = expected_now - received_now
        return min(255, (missing << 8) // expected_now) if expected_now > 0 and missing > 0 else 0

    def _restart(self, sequence: int) -> int:
        if self.highest >= 0:
            self._earlier_expected, self._earlier_received = self.expected, self.total
        # A number above all earlier ones, so that order holds across a restart.
        start = (self.highest // _MODULUS + 2) * _MODULUS + sequence if self.highest >= 0 else sequence
        self.highest = self._base = start
        self.received, self._suspect, self._anew = 1, None, False
        return start


class JitterEstimate:
    """The interarrival jitter in timestamp units (§6.4.1, A.8)."""

    def __init__(self, rate: int) -> None:
        self.value = 0.0
        self._rate = rate
        self._transit: float | None = None

    def add(self, timestamp: int, arrival: float) -> None:
        """A packet with a timestamp came at an instant in seconds."""
        transit = arrival * self._rate - timestamp
        if self._transit is not None:
            step = abs(transit - self._transit)
            if step < 2**31:  # not where the timestamp wrapped
                self.value += (step - self.value) / 16
        self._transit = transit

    def forget(self) -> None:
        """The timestamps begin anew."""
        self._transit = None
