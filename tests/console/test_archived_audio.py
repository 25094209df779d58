"""A recording that lies in the archive alone is listened to like any other."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path

from rules import Post
from telephony.archive import FolderArchive
from telephony.archiving import Archiving
from telephony.recording import RecordingStore
from tests.conftest import KEY
from tests.console.conftest import Place, SignIn


def test_listening_from_the_archive(as_posts: SignIn, place: Place, tmp_path: Path) -> None:
    inspector, path = as_posts(Post.INSPECTOR), f"/calls/{place.call_id}/recording.wav"
    whole = inspector.get(path)
    (tmp_path / "far").mkdir()
    archive = FolderArchive(tmp_path / "far")
    store = RecordingStore(place.desk.recordings.folder, KEY, archive)
    archiving = Archiving(store, archive, local_days=0)
    archiving.stock_take()
    assert (archiving.archive_waiting(), archiving.let_go(time.time() + 1)) == (1, 1)
    place.app.state.desk = replace(place.desk, recordings=store)
    again = inspector.get(path)
    assert (again.status_code, again.content) == (200, whole.content)
    assert again.headers["content-length"] == str(len(whole.content))
    part = inspector.get(path, headers={"Range": "bytes=1000-70000"})
    assert (part.status_code, part.content) == (206, whole.content[1000:70001])
    assert inspector.get(f"/calls/{place.call_id}").status_code == 200
    shutil.rmtree(tmp_path / "far")
    place.app.state.desk = replace(place.desk, recordings=RecordingStore(tmp_path / "elsewhere", KEY, archive))
    assert inspector.get(path).status_code == 404
    assert inspector.get(f"/calls/{place.call_id}").status_code == 200
