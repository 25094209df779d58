"""A linear model over sparse named features, stored as one .npz of plain arrays; numpy only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from intents.errors import LexiconError
from intents.phrases import FOLDER

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Weights of shape (features, classes); a text is the sum of its features, scaled to length one."""

    classes: tuple[str, ...]
    vocabulary: Mapping[str, int]
    weights: NDArray[np.int8]
    scale: Scores
    bias: Scores
    squares: Scores  # what each feature adds to the squared length

    def scores(self, features: Iterable[str]) -> Scores:
        """One margin per class; the bias alone where no feature is known."""
        known = [index for feature in features if (index := self.vocabulary.get(feature)) is not None]
        if not known:
            return self.bias
        total = self.weights[known].sum(axis=0, dtype=np.int32)
        length = float(np.sqrt(self.squares[known].sum()))
        return np.asarray(total * self.scale / length + self.bias, dtype=np.float32)


def quantised(
    classes: Iterable[str], names: Iterable[str], weights: NDArray[np.float64], bias: Iterable[float], idf: Scores
) -> LinearModel:
    """A model from fitted weights (features, classes) over tf-idf columns; each class keeps 8 bits."""
    folded = weights * idf[:, None]
    scale = np.maximum(np.abs(folded).max(axis=0), 1e-9) / 127
    return LinearModel(
        tuple(classes),
        {name: index for index, name in enumerate(names)},
        np.round(folded / scale).astype(np.int8),
        scale.astype(np.float32),
        np.asarray(list(bias), dtype=np.float32),
        (idf * idf).astype(np.float32),
    )


def model_path(name: str) -> Path:
    """Where the model of that name is kept."""
    return FOLDER / f"model-{name}.npz"


def save(models: Mapping[str, LinearModel], path: Path) -> None:
    """Write models to one file; arrays only, names as UTF-8 lines."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, model in models.items():
        arrays[f"{name}.classes"] = _lines(model.classes)
        arrays[f"{name}.vocabulary"] = _lines(model.vocabulary)
        arrays[f"{name}.weights"] = model.weights
        arrays[f"{name}.scale"] = model.scale
        arrays[f"{name}.bias"] = model.bias
        arrays[f"{name}.squares"] = model.squares
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def load(path: Path, name: str) -> LinearModel:
    """Read one model of a file; LexiconError when it is missing or broken."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names = _unlines(arrays[f"{name}.vocabulary"])
            return LinearModel(
                tuple(_unlines(arrays[f"{name}.classes"])),
                {feature: index for index, feature in enumerate(names)},
                *(arrays[f"{name}.{part}"] for part in ("weights", "scale", "bias", "squares")),
            )
    except (OSError, KeyError, ValueError, BadZipFile) as error:
        raise LexiconError(f"{path}: the model {name} cannot be read; run `python -m intents.train`") from error


def _lines(names: Iterable[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(names).encode(), dtype=np.uint8)


def _unlines(array: NDArray[np.uint8]) -> list[str]:
    return array.tobytes().decode().split("\n")
