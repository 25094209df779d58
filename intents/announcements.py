"""What the network says before answer, or whoever answers in the client's place."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from intents.concepts import Concepts, load_concepts
from intents.features import text_features
from intents.linear import LinearModel, load
from intents.normalise import normalise
from intents.phrases import FOLDER
from intents.values import Announced, AnnouncementMatch


def classify_announcement(text: str) -> AnnouncementMatch:
    """What an announcement says; also for the partial text of a recogniser: None until it is certain."""
    plain = normalise(text)
    if not plain:
        return AnnouncementMatch(None)
    concepts, model = _model()
    scores = model.scores(text_features(concepts, plain))
    best = int(np.argmax(scores))
    return AnnouncementMatch(Announced(model.classes[best]), 0.9, "模型")


@lru_cache(maxsize=1)
def _model() -> tuple[Concepts, LinearModel]:
    return load_concepts(FOLDER / "concepts.yaml"), load(FOLDER / "model.npz", "announcements")
