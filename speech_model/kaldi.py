"""Kaldi's binary format, as far as an acoustic model needs it."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from speech_model.net import DIM, MELS
from speech_model.units import PHONES, UNIT_ID

Array = npt.NDArray[np.floating]
_HALF = 0.5


class Out:
    """A buffer with Kaldi's primitives; little-endian, sizes before values."""

    def __init__(self, header: bytes = b"\0B") -> None:
        self.bytes = bytearray(header)

    def tokens(self, *names: str) -> None:
        """Names, each followed by a space."""
        for name in names:
            self.bytes += name.encode() + b" "

    def ints(self, *values: int) -> None:
        """32-bit integers."""
        for value in values:
            self.bytes += b"\4" + struct.pack("<i", value)

    def real(self, value: float) -> None:
        """One 32-bit number."""
        self.bytes += b"\4" + struct.pack("<f", value)

    def int_vector(self, values: Sequence[int]) -> None:
        """A vector of integers."""
        self.bytes += b"\4" + struct.pack("<i", len(values)) + np.array(values, "<i4").tobytes()

    def vector(self, values: Array) -> None:
        """A vector of 32-bit numbers."""
        self.bytes += b"FV \4" + struct.pack("<i", len(values)) + np.asarray(values, "<f4").tobytes()

    def matrix(self, values: Array) -> None:
        """A matrix of 32-bit numbers, row by row."""
        rows, columns = values.shape
        shape = b"\4" + struct.pack("<i", rows) + b"\4" + struct.pack("<i", columns)
        self.bytes += b"FM " + shape + np.asarray(values, "<f4").tobytes()


def write_transition_model(out: Out) -> None:
    """A one-state topology per phone: enter, stay."""
    n = len(PHONES)
    out.tokens("<TransitionModel>", "<Topology>")
    out.int_vector(list(range(1, n + 1)))
    out.int_vector([-1] + [0] * n)
    out.ints(1, 2, 0, 2)  # one entry: two states; state 0: pdf class 0, two arcs
    out.ints(0)
    out.real(_HALF)
    out.ints(1)
    out.real(_HALF)
    out.ints(-1, 0)  # state 1: final
    out.tokens("</Topology>", "<Triples>")
    out.ints(n)
    for number, (unit, _) in enumerate(PHONES):
        out.ints(number + 1, 0, UNIT_ID[unit])
    out.tokens("</Triples>", "<LogProbs>")
    out.vector(np.r_[0, np.full(2 * n, np.log(_HALF))])
    out.tokens("</LogProbs>", "</TransitionModel>")


class Nnet:
    """An nnet3 network: its wiring as lines, its components as bytes."""

    def __init__(self) -> None:
        self.lines, self.out, self.count = [f"input-node name=input dim={MELS}"], Out(b""), 0

    def _add(self, name: str, kind: str, source: str) -> None:
        self.lines.append(f"component-node name={name} component={name} input={source}")
        self.out.tokens("<ComponentName>", name, f"<{kind}>")
        self.count += 1

    def affine(self, name: str, weights: Array, bias: Array, source: str) -> None:
        """weights · x + bias."""
        self._add(name, "FixedAffineComponent", source)
        self.out.tokens("<LinearParams>")
        self.out.matrix(weights)
        self.out.tokens("<BiasParams>")
        self.out.vector(bias)
        self.out.tokens("</FixedAffineComponent>")

    def nonlinear(self, name: str, kind: str, dim: int, source: str) -> None:
        """A component without parameters."""
        self._add(name, kind, source)
        self.out.tokens("<Dim>")
        self.out.ints(dim)
        for token in ("<ValueAvg>", "<DerivAvg>"):
            self.out.tokens(token)
            self.out.vector(np.zeros(0))
        self.out.tokens("<Count>")
        self.out.bytes += b"\x08" + struct.pack("<d", 0.0)
        self.out.tokens(f"</{kind}>")

    def add(self, name: str, left: str, right: str) -> None:
        """The sum of two nodes."""
        self._add(name, "NoOpComponent", f"Sum({left}, {right})")
        self.out.tokens("<Dim>")
        self.out.ints(DIM)
        self.out.tokens("<BackpropScale>")
        self.out.real(1.0)
        self.out.tokens("</NoOpComponent>")

    def finish(self) -> bytes:
        """The network as Kaldi stores it."""
        self.lines.append("output-node name=output input=logsoftmax objective=linear")
        whole = Out(b"")
        whole.tokens("<Nnet3>")
        whole.bytes += ("\n" + "\n".join(self.lines) + "\n\n").encode()
        whole.tokens("<NumComponents>")
        whole.ints(self.count)
        whole.bytes += self.out.bytes
        whole.tokens("</Nnet3>")
        return bytes(whole.bytes)


def splice(node: str, offsets: Sequence[int]) -> str:
    """A node beside itself at these frames."""
    return "Append(" + ", ".join(f"Offset({node}, {offset})" if offset else node for offset in offsets) + ")"
