"""Lay out libtorch from downloaded wheels: unpack.py WHEELS_DIR TARGET_DIR cpu|cuda

cpu   takes the headers and the libraries that the CPU needs, and leaves CUDA out.
cuda  keeps the wheels' own folder tree, because their libraries find each other through it.
"""

import os
import shutil
import sys
import zipfile
from pathlib import Path

VERSION = "2.13.0"
# Parts of the wheel that serve Python or CUDA only.
NOT_FOR_CPU = ("cuda", "python", "nvshmem", "nvrtc", "global_deps", "libshm")


def wanted_on_cpu(name: str) -> "str | None":
    """Where a wheel's member goes under the target, or None to leave it out."""
    if name.startswith("torch/include/"):
        return name.removeprefix("torch/")
    base = name.rsplit("/", 1)[-1]
    if name.startswith("nvidia/"):
        return f"lib/{base}" if base.startswith(("libcudart.so", "libcupti.so")) else None
    if not name.startswith("torch/lib/") or not (".so" in base or base.endswith(".dylib")):
        return None
    if any(part in base for part in NOT_FOR_CPU) or base == "libtorch.so":
        return None
    return f"lib/{base}"


def extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as source, target.open("wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)


def link(lib: Path, name: str, to: str) -> None:
    if (lib / to).exists() and not (lib / name).exists():
        (lib / name).symlink_to(to)


def unpack_cpu(wheels: list[Path], target: Path) -> None:
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.infolist():
                place = None if member.is_dir() else wanted_on_cpu(member.filename)
                if place:
                    extract(archive, member, target / place)
    # libtorch.so only names its two halves as needed; without the CUDA half the CPU one stands in for it.
    link(target / "lib", "libtorch.so", "libtorch_cpu.so")
    link(target / "lib", "libgomp.so", "libgomp.so.1")


def unpack_cuda(wheels: list[Path], target: Path) -> None:
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.infolist():
                if not member.is_dir() and member.filename.startswith(("torch/lib/", "torch/include/", "nvidia/")):
                    extract(archive, member, target / "site" / member.filename)
    link(target / "site/torch/lib", "libgomp.so", "libgomp.so.1")
    (target / "lib").symlink_to("site/torch/lib")
    (target / "include").symlink_to("site/torch/include")


def main() -> None:
    wheels, target, variant = sorted(Path(sys.argv[1]).glob("*.whl")), Path(sys.argv[2]), sys.argv[3]
    target.mkdir(parents=True)
    (unpack_cuda if variant == "cuda" else unpack_cpu)(wheels, target)
    (target / "variant").write_text(variant + "\n")
    # Last: a folder with this file is a finished one.
    (target / "build-version").write_text(VERSION + "\n")
    os.sync()


if __name__ == "__main__":
    main()
