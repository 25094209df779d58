"""Packs a model folder into the archive that the project ships, byte for byte the same for the same files.

python -m speech_model.pack --model build/vosk-model-tiny-cn-espeak-8k
"""

from __future__ import annotations

import argparse
import lzma
import tarfile
from pathlib import Path


def add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    """One file, folder or link without owner and date."""
    info = tar.gettarinfo(path, name)
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    info.mode = 0o755 if info.isdir() else 0o644
    if info.isreg():
        with path.open("rb") as content:
            tar.addfile(info, content)
    else:
        tar.addfile(info)


def pack(folder: Path, archive: Path) -> None:
    """Write the archive beside its place, then put it there at once."""
    scratch = archive.with_suffix(".part")
    with lzma.open(scratch, "wb", preset=9 | lzma.PRESET_EXTREME) as squeezed:
        with tarfile.open(fileobj=squeezed, mode="w", format=tarfile.PAX_FORMAT) as tar:
            add(tar, folder, folder.name)
            for path in sorted(path for path in folder.rglob("*") if not _below_link(path, folder)):
                add(tar, path, str(Path(folder.name) / path.relative_to(folder)))
    scratch.replace(archive)
    print(archive, archive.stat().st_size, "bytes")


def _below_link(path: Path, folder: Path) -> bool:
    return any(parent.is_symlink() for parent in path.parents if parent != folder and folder in parent.parents)


def main() -> None:
    """Pack a model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    options = parser.parse_args()
    pack(options.model, Path(__file__).parent / f"{options.model.name}.tar.xz")


if __name__ == "__main__":
    main()
