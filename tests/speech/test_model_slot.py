"""Which model is found, and what is said when there is none."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import vosk

from speech.errors import ModelNotFound, ModelUnreadable
from speech.model_slot import SHIPPED, find_model, unpack_shipped
from speech.recogniser import Recogniser


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return find_model("", tmp_path_factory.mktemp("models"))


@pytest.fixture
def copy(model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model, tmp_path / "copy", symlinks=True))


def test_nothing_set_unpacks_the_shipped_model_once(tmp_path: Path) -> None:
    first = find_model("", tmp_path)
    stamp = (first / "am/final.mdl").stat().st_mtime_ns, first.stat().st_ino
    assert find_model(" ", tmp_path) == first
    assert ((first / "am/final.mdl").stat().st_mtime_ns, first.stat().st_ino) == stamp
    assert not list(tmp_path.glob(".unpacking-*"))


def test_several_at_once_get_the_same_whole_folder(tmp_path: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(lambda _: find_model("", tmp_path), range(6)))
    assert len(found) == 1
    Recogniser(found.pop()).close()


@pytest.mark.parametrize("damage", ["cut", "deleted", "changed", "digests"])
def test_a_damaged_copy_is_unpacked_again(tmp_path: Path, damage: str) -> None:
    folder = find_model("", tmp_path)
    file = folder / "am/final.mdl"
    whole = file.read_bytes()
    if damage == "cut":
        file.write_bytes(whole[:1000])
    elif damage == "deleted":
        file.unlink()
    elif damage == "changed":
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    else:
        (folder / "sha256.json").write_text("{")
    assert find_model("", tmp_path) == folder
    assert file.read_bytes() == whole


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    archive = tmp_path / SHIPPED.name
    archive.write_bytes(SHIPPED.read_bytes()[:100_000])
    with pytest.raises(ModelUnreadable, match=str(archive)):
        unpack_shipped(archive, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("vosk-*"))
    with pytest.raises(ModelNotFound, match="missing"):
        unpack_shipped(tmp_path / "gone.tar.xz", tmp_path / "cache")


def test_a_folder_is_taken_as_it_is(model: Path, tmp_path: Path) -> None:
    assert find_model(str(model), tmp_path) == model


def test_a_name_is_looked_for_in_both_folders(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vosk, "MODEL_DIRS", [tmp_path / "vosk"])
    for place in ("ours", "vosk"):
        shutil.copytree(model, tmp_path / place / f"vosk-model-{place}", symlinks=True)
        assert find_model(f"vosk-model-{place}", tmp_path / "ours") == tmp_path / place / f"vosk-model-{place}"


def test_a_name_that_cannot_be_downloaded_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vosk, "MODEL_DIRS", [tmp_path / "vosk"])
    monkeypatch.setattr(vosk, "MODEL_LIST_URL", "http://127.0.0.1:9/model-list.json")
    with pytest.raises(ModelNotFound, match="vosk-model-small-cn-0.22.*by hand"):
        find_model("vosk-model-small-cn-0.22", tmp_path)


@pytest.mark.parametrize("setting", ["/no/such/folder", "small-cn", "../vosk-model-x"])
def test_neither_folder_nor_name(setting: str, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="HUIFANG_ASR_MODEL"):
        find_model(setting, tmp_path)


def test_the_folder_around_the_model_is_recognised(model: Path, tmp_path: Path) -> None:
    shutil.copytree(model, tmp_path / "outer" / "inner", symlinks=True)
    with pytest.raises(ModelNotFound, match="did you mean .*inner"):
        find_model(str(tmp_path / "outer"), tmp_path)


@pytest.mark.parametrize(
    "file", ["conf/fbank.conf", "conf/model.conf", "graph/HCLr.fst", "graph/Gr.fst", "graph/disambig_tid.int"]
)
def test_what_is_lacking_is_named(copy: Path, file: str) -> None:
    (copy / file).unlink()
    with pytest.raises(ModelUnreadable, match=file):
        Recogniser(copy)


@pytest.mark.parametrize("file", ["am/final.mdl", "graph/HCLr.fst", "static/graph/HCLG.fst", "graph/words.txt"])
def test_a_damaged_file_is_one_clear_error(copy: Path, file: str, capfd: pytest.CaptureFixture[str]) -> None:
    (copy / file).write_bytes((copy / file).read_bytes()[:500] + b"\nbroken\n")
    with pytest.raises(ModelUnreadable, match=f"{copy}.*unpack or download"):
        Recogniser(copy)
    assert "VoskAPI" not in capfd.readouterr().err


def test_no_model_in_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="no Vosk model"):
        Recogniser(tmp_path)
    with pytest.raises(ModelNotFound, match="no recognition model folder"):
        Recogniser(tmp_path / "gone")
