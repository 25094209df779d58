"""The model slot: which recognition model this installation hears with, and where it lies on disk.

    a folder                       used as it is
    a name (vosk-model-…)          looked for in our model folder, then in Vosk's, else downloaded by Vosk
    nothing                        the small model shipped in speech_model/, unpacked once

The shipped model hears synthetic callers only; real calls take vosk-model-small-cn-0.22 or vosk-model-cn-0.22.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import IO
from zipfile import BadZipFile

import vosk

from speech.errors import ModelNotFound, ModelUnreadable

SHIPPED = Path(__file__).parent.parent / "speech_model" / "vosk-model-tiny-cn-espeak-8k.tar.xz"
_LOCK_SECONDS = 1800  # the large model is a download of more than a gigabyte
_DIGESTS = "sha256.json"  # beside the unpacked files: digest of the archive and of every file
_NAME = re.compile(r"vosk-model-[\w.-]+")
_REMEDY = (
    "set HUIFANG_ASR_MODEL to a Vosk model folder or to a name such as vosk-model-small-cn-0.22, "
    "or leave it empty for the shipped small model"
)


def find_model(setting: str, cache: Path) -> Path:
    """The model folder that a setting names; `cache` is our own folder of models, made when needed.

    Raises ModelNotFound (nothing there, not downloadable) or ModelUnreadable (there, but incomplete or damaged).
    """
    if not setting.strip():
        return unpack_shipped(SHIPPED, cache)
    folder = Path(setting.strip()).expanduser()
    if not folder.is_dir():
        folder = _named(setting.strip(), cache)
    check_layout(folder)
    return folder.resolve()


def check_layout(folder: Path) -> None:
    """Tell in one message what a Vosk model folder lacks: ModelNotFound for no model, ModelUnreadable for half of one.

    Vosk knows two layouts: `am/`, `conf/`, `graph/`, and the older one with everything in the top folder. The graph
    is either one HCLG.fst or the pair HCLr.fst and Gr.fst.
    """
    if not folder.is_dir():
        raise ModelNotFound(f"there is no recognition model folder at {folder}; {_REMEDY}")
    modern = (folder / "am/final.mdl").is_file()
    if not modern and not (folder / "final.mdl").is_file():
        inner = sorted(path.parent.parent.name for path in folder.glob("*/am/final.mdl"))
        hint = f"did you mean {folder / inner[0]}?" if inner else _REMEDY
        raise ModelNotFound(f"{folder} holds no Vosk model (no am/final.mdl); {hint}")
    lacking = _lacking_modern(folder) if modern else _lacking_old(folder)
    if lacking:
        raise ModelUnreadable(
            f"the recognition model in {folder} is incomplete, it lacks {', '.join(lacking)}; "
            "delete the folder and unpack or download the model again"
        )


def _lacking_modern(folder: Path) -> list[str]:
    features = (
        []
        if any((folder / "conf" / name).is_file() for name in ("mfcc.conf", "fbank.conf"))
        else ["conf/mfcc.conf or conf/fbank.conf"]
    )
    return features + _absent(folder, ["conf/model.conf"]) + _lacking_graph(folder, "graph/")


def _lacking_old(folder: Path) -> list[str]:
    return _absent(folder, ["mfcc.conf"]) + _lacking_graph(folder, "")


def _lacking_graph(folder: Path, prefix: str) -> list[str]:
    if (folder / f"{prefix}HCLG.fst").is_file():
        return _absent(folder, [f"{prefix}words.txt"])
    return _absent(folder, [f"{prefix}HCLr.fst", f"{prefix}Gr.fst", f"{prefix}disambig_tid.int"])


def _absent(folder: Path, names: list[str]) -> list[str]:
    return [name for name in names if not (folder / name).is_file()]


def _named(name: str, cache: Path) -> Path:
    """A model that is given by its name: found in a folder of models, or downloaded by Vosk."""
    if not _NAME.fullmatch(name):
        raise ModelNotFound(f"HUIFANG_ASR_MODEL is {name!r}: neither a folder nor a Vosk model's name; {_REMEDY}")
    for folder in (cache, *(Path(place) for place in vosk.MODEL_DIRS if place)):
        if (folder / name).is_dir():
            return folder / name
    home = Path(vosk.MODEL_DIRS[-1])
    home.mkdir(parents=True, exist_ok=True)
    with _locked(home / ".huifang.lock"):
        return home / name if (home / name).is_dir() else _download(name, home)


class _Downloads(vosk.Model):  # type: ignore[misc]
    """Vosk's download without the loading that its constructor does."""

    def __init__(self) -> None: ...

    def __del__(self) -> None: ...


def _download(name: str, home: Path) -> Path:
    try:
        return Path(_Downloads().get_model_by_name(name))
    except SystemExit:
        raise ModelNotFound(f"Vosk offers no model named {name}; its list is {vosk.MODEL_LIST_URL}") from None
    except (OSError, EOFError, ValueError, BadZipFile) as error:
        shutil.rmtree(home / name, ignore_errors=True)
        (home / f"{name}.zip").unlink(missing_ok=True)
        raise ModelNotFound(
            f"the recognition model {name} is neither in {home} nor could it be downloaded from "
            f"{vosk.MODEL_PRE_URL}{name}.zip ({type(error).__name__}); download and unpack it there by hand, or "
            "leave HUIFANG_ASR_MODEL empty for the shipped small model"
        ) from error


def unpack_shipped(archive: Path, cache: Path) -> Path:
    """Unpack a model archive into the cache unless it lies there whole already (checked by SHA-256).

    Several processes may do so at once; the folder appears complete or not at all, named after the archive's digest,
    so that a newer archive never disturbs who runs on an older one.
    """
    if not archive.is_file():
        raise ModelNotFound(f"the shipped recognition model {archive} is missing: restore the file, or {_REMEDY}")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    folder = cache / f"{archive.name.removesuffix('.tar.xz')}-{digest[:12]}"
    if not _whole(folder, digest):
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(cache / ".lock"):
            if not _whole(folder, digest):
                _unpack(archive, digest, folder)
    return folder.resolve()


def _unpack(archive: Path, digest: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder.parent) as scratch:
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(scratch, filter="data")
        except (tarfile.TarError, EOFError, OSError) as error:
            raise ModelUnreadable(
                f"the shipped recognition model {archive} cannot be unpacked into {folder.parent} ({error}): "
                "restore the file (git checkout) and see that there are 20 MB free"
            ) from error
        root = next((path.parent.parent for path in Path(scratch).glob("*/am/final.mdl")), None)
        if root is None:
            raise ModelUnreadable(f"the archive {archive} holds no Vosk model: restore the file (git checkout)")
        digests = {"archive": digest, "files": _digests(root)}
        (root / _DIGESTS).write_text(json.dumps(digests, indent=1), encoding="utf-8")
        if folder.exists():
            folder.rename(Path(scratch) / "damaged")
        root.rename(folder)


def _whole(folder: Path, digest: str) -> bool:
    try:
        wanted = json.loads((folder / _DIGESTS).read_text(encoding="utf-8"))
        return bool(wanted["archive"] == digest and wanted["files"] == _digests(folder))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _DIGESTS)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Wait (bounded) until no other process unpacks or downloads into this folder of models."""
    give_up_at = monotonic() + _LOCK_SECONDS
    with path.open("w") as handle:
        while not _taken(handle):
            if monotonic() > give_up_at:
                raise ModelNotFound(
                    f"another process has worked on the models in {path.parent} for {_LOCK_SECONDS} s; "
                    "see whether its download is stuck, then start again"
                )
            sleep(0.05)
        yield


def _taken(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
