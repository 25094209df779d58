"""Trains the acoustic network with CTC on the processor.

python -m speech_model.train --data data/a.npz data/b.npz --dev data/dev.npz --out net.pt --minutes 28
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from speech_model.net import LEFT, MELS, RIGHT, SUBSAMPLING, Net

Item = tuple[npt.NDArray[np.float16], npt.NDArray[np.int16]]
_EVERY_SECONDS = 90  # between reports
_WARM_UP = 300  # steps


def load(paths: list[Path]) -> list[Item]:
    """The utterances of files that synth wrote."""
    items: list[Item] = []
    for path in paths:
        data = np.load(path)
        xs, ys = np.split(data["x"], np.cumsum(data["xl"])[:-1]), np.split(data["y"], np.cumsum(data["yl"])[:-1])
        items += list(zip(xs, ys, strict=True))
    return items


def batch(items: list[Item]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Features, labels, their lengths; padded with each utterance's own last frame, as silence is."""
    longest = max(len(x) for x, _ in items)
    x = np.stack([np.pad(x, ((0, longest - len(x)), (0, 0)), "edge") for x, _ in items])
    y = np.concatenate([y for _, y in items]).astype(np.int64)
    lengths = torch.tensor([(len(x) + SUBSAMPLING - 1) // SUBSAMPLING for x, _ in items])
    return torch.from_numpy(x).float(), torch.from_numpy(y), lengths, torch.tensor([len(y) for _, y in items])


def spec_mask(x: Tensor) -> Tensor:
    """SpecAugment: a band of up to 6 mels and a stretch of up to 80 ms are blanked in each utterance."""
    mask = torch.ones_like(x)
    for i in range(len(x)):
        mel, frame = random.randrange(MELS), random.randrange(x.shape[1])
        mask[i, :, mel : mel + random.randrange(7)] = 0
        mask[i, frame : frame + random.randrange(9)] = 0
    return mask


def distance(a: list[int], b: list[int]) -> int:
    """Edit distance."""
    row = list(range(len(a) + 1))
    for i, y in enumerate(b, 1):
        previous, row[0] = row[0], i
        for j, x in enumerate(a, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


def unit_error(net: Net, items: list[Item]) -> float:
    """Edit distance of the greedy units per true unit."""
    net.eval()
    errors = total = 0
    with torch.no_grad():
        for start in range(0, len(items), 50):
            part = items[start : start + 50]
            x, _, lengths, _ = batch(part)
            for best, length, (_, y) in zip(net(x).argmax(-1).tolist(), lengths.tolist(), part, strict=True):
                heard = [b for a, b in zip([0, *best[: length - 1]], best[:length], strict=True) if b and a != b]
                errors, total = errors + distance(heard, y.tolist()), total + len(y)
    net.train()
    return errors / total


class Training:
    """One run: the network, its optimiser and the clock that ends it."""

    def __init__(self, net: Net, items: list[Item], dev: list[Item], options: argparse.Namespace) -> None:
        self.net, self.dev, self.options = net, dev, options
        self.optimiser = torch.optim.AdamW(net.parameters(), lr=options.lr, weight_decay=1e-3)
        items.sort(key=lambda item: len(item[0]))
        self.groups = [items[i : i + options.batch] for i in range(0, len(items), options.batch)]  # alike in length
        self.began = self.reported = time.monotonic()
        self.steps, self.loss = 0, 0.0

    @property
    def done(self) -> float:
        """Share of the minutes that are gone."""
        return (time.monotonic() - self.began) / (60 * self.options.minutes)

    def run(self) -> None:
        """Train until the time is up."""
        while self.done < 1:
            for group in random.sample(self.groups, len(self.groups)):
                if (done := self.done) >= 1:
                    break
                self.step(group, done)
                if time.monotonic() - self.reported > _EVERY_SECONDS:
                    self.report(done)

    def step(self, group: list[Item], done: float) -> None:
        """One batch; the rate rises for 300 steps and falls in a line to 1% over the last three quarters."""
        rate = self.options.lr * min(1, (self.steps + 1) / _WARM_UP) * max(0.01, min(1, (1 - done) / 0.75))
        for parameters in self.optimiser.param_groups:
            parameters["lr"] = rate
        x, y, x_lengths, y_lengths = batch(group)
        with torch.autocast("cpu", torch.bfloat16):
            logp = self.net(x, spec_mask(x))
        loss = functional.ctc_loss(logp.transpose(0, 1), y, x_lengths, y_lengths, zero_infinity=True, reduction="sum")
        loss = loss / max(100, int(y_lengths.sum()))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
        self.optimiser.step()
        self.steps += 1
        self.loss += (loss.item() - self.loss) * max(0.01, 1 / self.steps)

    def report(self, done: float) -> None:
        """Print how it goes and keep what there is."""
        error = unit_error(self.net, self.dev)
        print(f"{done:.2f} step {self.steps} loss {self.loss:.3f} dev unit error {error:.4f}", flush=True)
        torch.save(self.net.state_dict(), self.options.out)
        self.reported = time.monotonic()


def main() -> None:
    """Train for `--minutes` and save the network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", type=Path, required=True)
    parser.add_argument("--dev", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=28, help="a slower machine needs more")
    parser.add_argument("--init", type=Path, help="go on from this network")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    random.seed(0)
    items, dev, net = load(options.data), load([options.dev])[:400], Net()
    stack = np.concatenate([x for x, _ in items[:3000]]).astype(np.float32)
    net.mean.copy_(torch.from_numpy(stack.mean(0)))
    net.scale.copy_(torch.from_numpy(1 / stack.std(0)))
    if options.init:
        net.load_state_dict(torch.load(options.init))
    print(sum(p.numel() for p in net.parameters()), "parameters,", len(items), "utterances, context", LEFT, RIGHT)
    training = Training(net, items, dev, options)
    training.run()
    training.report(1.0)


if __name__ == "__main__":
    main()
