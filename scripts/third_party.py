#!/usr/bin/env python3
"""Write the notices of everything that is linked into gan-lab, and a bill of materials (CycloneDX 1.5, JSON).

    python3 scripts/third_party.py FOLDER [--no-default-features]

FOLDER gets THIRD-PARTY.txt (each crate with its licence and the licence's text as the crate ships it, equal texts once;
the fonts; OpenH264 and its patents) and sbom.cdx.json. Only what is compiled into the program counts: no tests, no build
tools. Crates that ship no text are listed with the licence that they declare. Needs: cargo, with the crates fetched.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = "x86_64-unknown-linux-gnu"
TEXTS = ("licen", "copying", "notice", "unlicense", "ofl", "authors")
FONTS = """The letters in pictures are DejaVu Sans, which is in the crate dejavu. Fonts are (c) Bitstream (Bitstream Vera), with changes
in the public domain and glyphs by Tavmjong Bah (Arev)."""
OPENH264 = """MP4 films are encoded by OpenH264 (Copyright (c) 2013, Cisco Systems), BSD-2-Clause, which is compiled from its source.
H.264 is covered by patents in some countries. Cisco pays their licence for the binaries that Cisco itself distributes, and not for
what others compile: whoever ships this program where those patents hold has to see to it. GIF and PNG films need none of it."""


def metadata(features):
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", TARGET, *features]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def linked(meta):
    """The packages that are linked into the program, but for the program itself."""
    nodes = {node["id"]: node for node in meta["resolve"]["nodes"]}
    root, seen, todo = meta["resolve"]["root"], set(), [meta["resolve"]["root"]]
    while todo:
        for dep in nodes[todo.pop()]["deps"]:
            if any(kind["kind"] is None for kind in dep["dep_kinds"]) and dep["pkg"] not in seen:
                seen.add(dep["pkg"])
                todo.append(dep["pkg"])
    found = [package for package in meta["packages"] if package["id"] in seen - {root}]
    return sorted(found, key=lambda package: (package["name"], package["version"]))


def texts(package):
    """The names and contents of a crate's files of licences, also of what it carries (fonts, a C library)."""
    folder = Path(package["manifest_path"]).parent
    carried = [path for name in ("upstream", "assets", "LICENSES") for path in sorted((folder / name).rglob("*"))]
    for path in [*sorted(folder.iterdir()), *carried]:
        if path.is_file() and path.name.lower().startswith(TEXTS) and path.stat().st_size < 200_000:
            yield path.name, path.read_text(errors="replace").strip()


def notices(packages):
    known, lines = {}, ["Programs and fonts by others that are part of gan-lab.", "", FONTS]
    if any(package["name"] == "openh264" for package in packages):
        lines += ["", OPENH264]
    lines += ["", f"{'crate':34} {'version':12} licence"]
    for package in packages:
        numbers = [known.setdefault(text, len(known) + 1) for _, text in texts(package)]
        where = ", ".join(map(str, dict.fromkeys(numbers))) or "the crate ships no text"
        lines.append(f"{package['name']:34} {package['version']:12} {package['license'] or 'see text'}  [{where}]")
    for text, number in known.items():
        lines += ["", "=" * 100, f"[{number}]", "", text]
    return "\n".join(lines) + "\n"


def bill(meta, packages):
    root = next(package for package in meta["packages"] if package["id"] == meta["resolve"]["root"])
    component = lambda package, kind: {
        "type": kind, "name": package["name"], "version": package["version"],
        "purl": f"pkg:cargo/{package['name']}@{package['version']}", "bom-ref": f"{package['name']}@{package['version']}",
        "licenses": [{"expression": (package["license"] or "NOASSERTION").replace("/", " OR ")}],
    }
    ref = {package["id"]: f"{package['name']}@{package['version']}" for package in [root, *packages]}
    nodes = [node for node in meta["resolve"]["nodes"] if node["id"] in ref]
    depends = lambda node: sorted({ref[dep["pkg"]] for dep in node["deps"] if dep["pkg"] in ref})
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": component(root, "application")},
        "components": [component(package, "library") for package in packages],
        "dependencies": sorted(({"ref": ref[node["id"]], "dependsOn": depends(node)} for node in nodes), key=lambda d: d["ref"]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--no-default-features", action="store_true")
    args = parser.parse_args()
    meta = metadata(["--no-default-features"] if args.no_default_features else [])
    packages = linked(meta)
    args.folder.mkdir(parents=True, exist_ok=True)
    (args.folder / "THIRD-PARTY.txt").write_text(notices(packages))
    (args.folder / "sbom.cdx.json").write_text(json.dumps(bill(meta, packages), indent=1) + "\n")
    bare = [package["name"] for package in packages if not list(texts(package))]
    if bare:
        print(f"no licence text in: {', '.join(bare)}", file=sys.stderr)


if __name__ == "__main__":
    main()
