"""The acoustic network: seven residual TDNN blocks at a third of the frame rate, 1.08 M parameters."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from speech_model.units import UNITS

MELS, SUBSAMPLING, DIM, HIDDEN = 40, 3, 128, 256
SPLICE = range(-4, 5)  # frames of 10 ms
BLOCKS = [(-1, 0, 1), (-1, 0, 1), (-2, 0, 1), (-2, 0, 1), (-3, -1, 1), (-3, -1, 0), (-4, -2, 0)]  # frames of 30 ms
LEFT = -SPLICE[0] - SUBSAMPLING * sum(block[0] for block in BLOCKS)  # context in frames of 10 ms: 0.52 s
RIGHT = SPLICE[-1] + SUBSAMPLING * sum(block[-1] for block in BLOCKS)  # 0.19 s


class Layer(nn.Module):
    """Affine, batch norm, relu, linear: `d_in` to HIDDEN to DIM."""

    def __init__(self, d_in: int) -> None:
        super().__init__()
        self.aff, self.bn, self.lin = nn.Linear(d_in, HIDDEN), nn.BatchNorm1d(HIDDEN), nn.Linear(HIDDEN, DIM)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, d_in) to (batch, frames, DIM)."""
        hidden = self.aff(x)
        hidden = functional.relu(self.bn(hidden.flatten(0, 1)).view(hidden.shape))
        out: Tensor = self.lin(hidden)
        return out


class Net(nn.Module):
    """Log-mels in, log probabilities of the units out."""

    mean: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(MELS))
        self.register_buffer("scale", torch.ones(MELS))
        self.inp = Layer(MELS * len(SPLICE))
        self.blocks = nn.ModuleList(Layer(DIM * len(block)) for block in BLOCKS)
        self.bn, self.out = nn.BatchNorm1d(DIM), nn.Linear(DIM, len(UNITS))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(batch, frames, mels) to (batch, ceil(frames / 3), units) log probabilities; edges repeat a frame."""
        frames = (x.shape[1] + SUBSAMPLING - 1) // SUBSAMPLING
        x = (x - self.mean) * self.scale
        if mask is not None:
            x = x * mask
        x = torch.cat([x[:, :1].expand(-1, LEFT, -1), x, x[:, -1:].expand(-1, RIGHT + SUBSAMPLING, -1)], 1)
        wide = (LEFT + SPLICE[0] + RIGHT - SPLICE[-1]) // SUBSAMPLING + frames
        x = self.inp(torch.cat([x[:, k : k + SUBSAMPLING * wide : SUBSAMPLING] for k in range(len(SPLICE))], 2))
        for taps, block in zip(BLOCKS, self.blocks, strict=True):
            wide -= taps[-1] - taps[0]
            spliced = torch.cat([x[:, tap - taps[0] : tap - taps[0] + wide] for tap in taps], 2)
            x = x[:, -taps[0] : wide - taps[0]] + block(spliced)
        x = self.bn(x.flatten(0, 1)).view(x.shape)
        out: Tensor = self.out(x).float().log_softmax(-1)
        return out
