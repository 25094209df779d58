"""What an operator's tools read of a worker: whether it may dial, and its figures."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx

from campaign.running.health import health_site
from campaign.running.meters import RECOGNISER, Meters
from campaign.running.runner import Runner
from campaign.running.worker import arrive
from models import Database, Seal
from speech.recogniser import Recogniser, find_model
from tests.campaign.on_a_trunk import works_for


async def test_a_worker_says_whether_it_may_dial_and_how_busy_recognition_is(
    migrated: Path, seal: Seal, tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{shutil.copy(migrated, tmp_path / 'test.db')}")
    ears = Recogniser(find_model("", tmp_path / "models"), threads=3)
    works = works_for(database, tmp_path, "h-1-w", None, ears)
    async with (
        health_site(works, Runner(works, 1), Meters(), "127.0.0.1", 0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as tools,
    ):
        before = await tools.get("/healthz")
        assert (before.status_code, before.text) == (503, "silent")
        arrive(works)
        lines = (await tools.get("/metrics")).text.splitlines()
    figures = dict(line.split(" ") for line in lines if line and not line.startswith("#"))
    assert figures["huifang_workers"] == "1.0" and figures["huifang_recogniser_threads"] == "3.0"
    assert {f"huifang_recogniser_{name}" for name in RECOGNISER} <= figures.keys()
    ears.close()
    database.close()
