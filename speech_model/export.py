"""Writes the trained network as a Kaldi nnet3 acoustic model.

python -m speech_model.export --net net.pt --model build/vosk-model-tiny-cn-espeak-8k

Batch norms and the normalisation of the features are folded into the affine components.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from speech_model.kaldi import Array, Nnet, Out, splice, write_transition_model
from speech_model.net import BLOCKS, DIM, HIDDEN, LEFT, RIGHT, SPLICE, SUBSAMPLING, Net
from speech_model.units import UNITS


class Folding:
    """Folds the norms of a trained network into Kaldi components."""

    def __init__(self, net: Net) -> None:
        self.nnet = Nnet()
        self.parameters = {name: value.double().numpy() for name, value in net.state_dict().items()}

    def network(self) -> bytes:
        """All components, in order."""
        taps, p = len(SPLICE), self.parameters
        source = splice("input", list(SPLICE))
        node = self.layer("in", "inp", source, np.tile(p["mean"], taps), np.tile(p["scale"], taps))
        for number, block in enumerate(BLOCKS):
            spliced = splice(node, [SUBSAMPLING * offset for offset in block])
            shift, scale = np.zeros(DIM * len(block)), np.ones(1)
            self.nnet.add(f"b{number}.sum", node, self.layer(f"b{number}", f"blocks.{number}", spliced, shift, scale))
            node = f"b{number}.sum"
        scale, shift = self.norm("bn")
        self.nnet.affine("out", p["out.weight"] * scale, p["out.bias"] + p["out.weight"] @ shift, node)
        self.nnet.nonlinear("logsoftmax", "LogSoftmaxComponent", len(UNITS), "out")
        return self.nnet.finish()

    def norm(self, name: str) -> tuple[Array, Array]:
        """A batch norm as scale and shift."""
        p = self.parameters
        scale = p[name + ".weight"] / np.sqrt(p[name + ".running_var"] + 1e-5)
        return scale, p[name + ".bias"] - scale * p[name + ".running_mean"]

    def layer(self, name: str, key: str, source: str, shift: Array, scale: Array) -> str:
        """Affine, relu, linear; `shift` and `scale` normalise the input."""
        p = self.parameters
        gain, offset = self.norm(key + ".bn")
        weights = gain[:, None] * p[key + ".aff.weight"] * scale
        self.nnet.affine(name + ".aff", weights, gain * p[key + ".aff.bias"] + offset - weights @ shift, source)
        self.nnet.nonlinear(name + ".relu", "RectifiedLinearComponent", HIDDEN, name + ".aff")
        self.nnet.affine(name + ".lin", p[key + ".lin.weight"], p[key + ".lin.bias"], name + ".relu")
        return name + ".lin"


def acoustic_model(net: Net, blank: float) -> bytes:
    """The bytes of am/final.mdl; `blank` is a log prior taken off the blank's score."""
    out = Out()
    write_transition_model(out)
    out.bytes += Folding(net).network()
    out.tokens("<LeftContext>")
    out.ints(LEFT)
    out.tokens("<RightContext>")
    out.ints(RIGHT)
    out.tokens("<Priors>")
    out.vector(np.exp(np.r_[blank, np.zeros(len(UNITS) - 1)]))
    return bytes(out.bytes)


def main() -> None:
    """Write am/ of a model folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--net", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--blank", type=float, default=1.0)
    options = parser.parse_args()
    net = Net()
    net.load_state_dict(torch.load(options.net))
    path = options.model / "am/final.mdl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(acoustic_model(net, options.blank))
    print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
