"""Damaged folders: whatever reads one ends with an error that names the file, or with the result that it had before.

Each file of a finished and of an unfinished run of each kind is emptied, cut, removed, exchanged with that of another
run, has a bit flipped, a number replaced.
"""

import json
import pathlib
import random
import struct

from harness import MADE, SEFA, SHORT_PROGAN, Failure, copy, differences, ended_badly, normal, tree, without_volatile

# In the short form.
SHORT = 70

POINTS = "train --config tiny.json --quiet --out".split()
# The commands that read a folder of each kind. The first three letters say what has to be the same: `out` what they say and
# make elsewhere, `all` the folder too, `may` nothing, as they only have to end properly.
READERS = {
    "points": {
        "eval": ("out", "eval made/run --json"),
        "draw": ("out", "draw made/run --out pictures --size 160x160 --quiet"),
        "compare": ("out", "compare made/run made/other --out table --samples 16 --repeats 1 --quiet --no-gif"),
        "resume": ("all", "train --config tiny.json --quiet --out made/run --resume"),
        "longer": ("all", "train --config tiny.json --quiet --out made/run --epochs 5 --resume"),
        "inspect": ("may", "inspect made/run"),
        "weights": ("out", "inspect made/run/generator.safetensors --json"),
    },
    "progan": {
        "resume": ("all", " ".join([*SHORT_PROGAN, "--out made/run --resume"])),
        "sefa": ("out", "sefa --checkpoint made/run/generator.safetensors --n 1 --k 1 --steps 3 --viz-size 16 --quiet "
                        "--out job"),
        "inspect": ("may", "inspect made/run"),
        "eval": ("may", "eval made/run --json"),
        "draw": ("may", "draw made/run --out pictures --quiet"),
        "compare": ("may", "compare made/run made/other --out table --quiet"),
    },
    "sefa": {"resume": ("all", " ".join([*SEFA, "--out made/run --resume"]))},
    "sweep": {
        "status": ("may", "sweep status made/run --json"),
        "sweep": ("all", "sweep plan.json --out made/run --jobs 1 --quiet"),
        "run": ("all", "run --plan made/run/plan.jsonl --index 0 --quiet"),
        "compare": ("out", "compare made/run --out table --samples 16 --repeats 1 --quiet --no-gif"),
    },
}
RUNS = {
    "runs": ("may", "runs made --json"),
    "check": ("may", "runs --check made/run --json"),
}
# The kinds whose commands need libtorch.
WITH_TORCH = ("progan",)
# The kinds whose files are many and whose commands are quick.
QUICK = ("points", "sweep")
# Where the run of a plan's first line is.
FIRST = "runs/gan-"
# What makes made/run and made/other.
MAKERS = {
    "points": ([*POINTS, "made/run"], [*POINTS, "made/other", "--seed", "1"]),
    "progan": ([*SHORT_PROGAN, "--out", "made/run"], [*SHORT_PROGAN, "--out", "made/other", "--seed", "1"]),
    "sefa": ([*SEFA, "--out", "made/run"], [*SEFA, "--out", "made/other", "--seed", "1"]),
    "sweep": ("sweep plan.json --out made/run --jobs 1 --quiet".split(), None),
}


def parts(settings):
    """The parts of this scenario."""
    kinds = [kind for kind in READERS if settings.torch or kind not in WITH_TORCH]
    return [f"{kind}-{state}" for kind in kinds for state in ("finished", "unfinished")], []


def readers(world, part):
    """The commands that read such a folder."""
    kind = part.split("-")[0]
    return READERS[kind] | (RUNS if world.settings.has_runs else {})


def template(world, part):
    """A folder with a run of a kind, finished or not, and another of the same kind."""
    folder = world.templates / ("damage-" + part)
    if not folder.is_dir():
        kind, state = part.split("-")
        run, other = MAKERS[kind]
        copy(world.inputs, world.case)
        if state == "unfinished":
            log = world.folder / "log"
            world.tracer.run(run, world.case, root=world.case, log=log)
            calls = len(log.read_text(errors="replace").splitlines())
            copy(world.inputs, world.case)
            # Stopped where most of it is done. A job that cannot be stopped is killed.
            ended = world.tracer.run(run, world.case, mode="signal", at=calls * 7 // 10, argument=15, root=world.case)
            if ended.code == 0:
                copy(world.inputs, world.case)
                world.tracer.run(run, world.case, mode="kill", at=calls * 7 // 10, root=world.case)
        else:
            world.must(run, world.case)
        if other:
            world.must(other, world.case)
        world.case.rename(folder)
    return folder


def files_of(folder):
    """The files that are damaged. Of many alike, three."""
    found, seen = [], {}
    for path in sorted((folder / MADE / "run").rglob("*")):
        if not path.is_file() or path.name == "lock":
            continue
        name = str(path.relative_to(folder / MADE / "run"))
        kind = (str(path.parent), path.suffix)
        seen[kind] = seen.get(kind, 0) + 1
        if path.suffix not in (".png",) or seen[kind] <= 3:
            found.append(name)
    return found


def leaves(value, at=()):
    """The places of all numbers in a JSON value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*at, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value[:3]):
            yield from leaves(inner, (*at, i))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield at


def keys(value, at=()):
    """The places of all keys in a JSON value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*at, key)
            yield from keys(inner, (*at, key))


def replaced(value, at, new):
    """A JSON value with another number in a place; without it where `new` is None."""
    value = json.loads(json.dumps(value))
    inner = value
    for step in at[:-1]:
        inner = inner[step]
    if new is None:
        del inner[at[-1]]
    else:
        inner[at[-1]] = new
    return value


def json_damages(content):
    """Damages of a JSON file."""
    value = json.loads(content)
    dump = lambda v: json.dumps(v, indent=2).encode() + b"\n"
    for at in leaves(value):
        for word, new in (("-1", -1), ("0", 0), ("huge", 10**18), ("nan", float("nan")), ("text", "x"), ("half", 0.5)):
            yield f"{'.'.join(map(str, at))}={word}", dump(replaced(value, at, new))
    for at in keys(value):
        yield f"without-{'.'.join(map(str, at))}", dump(replaced(value, at, None))
    if isinstance(value, list):
        yield "shorter", dump(value[:-1])
        yield "reversed", dump(value[::-1])
        yield "longer", dump(value + value[-1:])
    yield "null", b"null\n"
    yield "deep", b"[" * 100000


def lines_damages(content):
    """Damages of a file of JSON lines."""
    lines = content.splitlines(keepends=True)
    yield "without-first", b"".join(lines[1:])
    yield "without-last", b"".join(lines[:-1])
    yield "twice-last", b"".join(lines + lines[-1:])
    yield "reversed", b"".join(lines[::-1])
    yield "half-line", b"".join(lines)[:-5]
    if lines:
        for name, changed in json_damages(lines[0]):
            yield "line0." + name, b" ".join(changed.split()) + b"\n" + b"".join(lines[1:])


def npy_damages(content):
    """Damages of an npy file."""
    start = 10 + struct.unpack("<H", content[8:10])[0]
    for word, value in (("nan", float("nan")), ("inf", float("inf")), ("huge", 1e38), ("other", 0.123)):
        new = struct.pack("<f", value)
        yield f"first={word}", content[:start] + new + content[start + 4 :]
        yield f"last={word}", content[:-4] + new
        yield f"all={word}", content[:start] + new * ((len(content) - start) // 4)
    header = content[10:start]
    for word, old, new in (("shape", b"'shape': (", b"'shape': (9"), ("bracket", b"(", b"(" * 40), ("type", b"<f4", b"<f8")):
        changed = header.replace(old, new, 1)
        yield f"header-{word}", content[:8] + struct.pack("<H", len(changed)) + changed + content[start:]


def tensor_damages(content, alike):
    """Damages of a safetensors file; of many tensors of one type and rank, `alike`."""
    length = struct.unpack("<Q", content[:8])[0]
    header, body = json.loads(content[8 : 8 + length]), content[8 + length :]
    pack = lambda h, b: (lambda text: struct.pack("<Q", len(text)) + text + b)(json.dumps(h).encode())
    yield "header-huge", struct.pack("<Q", 2**62) + content[8:]
    seen = {}
    for name, entry in header.items():
        if name == "__metadata__":
            yield "without-metadata", pack({k: v for k, v in header.items() if k != name}, body)
            continue
        sort = entry["dtype"], len(entry["shape"])
        seen[sort] = seen.get(sort, 0) + 1
        if seen[sort] > alike:
            continue
        begin, end = entry["data_offsets"]
        kind = {"F32": "<f", "F64": "<d", "I64": "<q"}.get(entry["dtype"])
        if kind is None or end == begin:
            continue
        size = struct.calcsize(kind)
        values = [("-1", -1), ("0", 0), ("huge", 2**62)] if kind == "<q" else [
            ("nan", float("nan")), ("inf", float("inf")), ("huge", 1e30), ("other", 0.123)]
        for word, value in values:
            new = struct.pack(kind, value)
            yield f"{name}={word}", content[: 8 + length] + body[:begin] + new + body[begin + size :]
        yield f"without-{name}", pack({k: v for k, v in header.items() if k != name}, body)
        turned = {**header, name: {**entry, "shape": [*entry["shape"], 1]}}
        yield f"shape-of-{name}", pack(turned, body)


def damages(folder, name, seed, flips, alike):
    """All damages of a file: name and bytes, None for a file that is gone. `flips`: how many bits; `alike`: of how many
    tensors of one type and rank."""
    path = folder / MADE / "run" / name
    content = path.read_bytes()
    rng = random.Random(f"{seed}/{name}")
    yield "removed", None
    yield "empty", b""
    yield "half", content[: len(content) // 2]
    yield "cut", content[:-1]
    yield "byte-more", content + b"\0"
    yield "more", content + content
    yield "zeros", bytes(len(content))
    other = folder / MADE / "other" / name
    if other.is_file():
        yield "of-another", other.read_bytes()
    sibling = [p for p in sorted(path.parent.glob("*" + path.suffix)) if p != path]
    if sibling:
        yield "of-a-sibling", sibling[-1].read_bytes()
    for i in range(flips if content else 0):
        # Counted, not placed: how long a file of records is differs by the seconds in it.
        bit = int(rng.random() * len(content) * 8)
        yield f"flip{i}", content[: bit // 8] + bytes([content[bit // 8] ^ (1 << bit % 8)]) + content[bit // 8 + 1 :]
    tensors = lambda content: tensor_damages(content, alike)
    own = {".json": json_damages, ".jsonl": lines_damages, ".npy": npy_damages, ".safetensors": tensors}
    if content and path.suffix in own:
        yield from own[path.suffix](content)


def only_seconds_differ(one, other):
    """Whether two files of records differ in the seconds alone, which nothing can know."""
    try:
        records = [[json.loads(line) for line in content.splitlines()] for content in (one, other)]
        for record in records[0] + records[1]:
            if not isinstance(record.pop("seconds", None), (int, float)):
                return False
        return records[0] == records[1]
    except (ValueError, AttributeError, RecursionError):
        return False


def plain(name):
    """A name that can be part of a case's."""
    return name.replace("/", "~").replace(" ", "_")


def all_damages(world, part):
    """Case name to (file, bytes) for a part."""
    key = ("damages", part)
    if key not in world.references:
        folder = template(world, part)
        # Elsewhere a case takes a third of a second: of many alike, three there.
        quick = part.split("-")[0] in QUICK
        flips, alike = (24, 1 << 30) if world.settings.long and quick else (6, 1 << 30 if quick else 3)
        found = {}
        for name in files_of(folder):
            for damage, content in damages(folder, name, world.settings.seed, flips, alike):
                found[f"{plain(name)}/{plain(damage)}"] = (name, content)
        world.references[key] = found
    return world.references[key]


def probe(world, part):
    """The cases of a part."""
    names = all_damages(world, part)
    return [f"damage/{part}/{name}/{reader}" for reader in readers(world, part) for name in names], []


def told(ended, case):
    """What a command says, without what differs from one time to the next."""
    try:
        return json.dumps(without_volatile(json.loads(ended.out)))
    except ValueError:
        return normal("", ended.out.encode(), case).decode(errors="replace")


def undamaged(world, part, reader):
    """How a command ends on the undamaged folder: code, words, files."""
    key = ("undamaged", part, reader)
    if key not in world.references:
        copy(template(world, part), world.case)
        ended = world.tracer.run(readers(world, part)[reader][1].split(), world.case)
        world.references[key] = (ended.code, told(ended, world.case), tree(world.case))
    return world.references[key]


def outside(files):
    """The files that are not in the damaged folder."""
    return {name: content for name, content in files.items() if not name.startswith(MADE + "/run/")}


def run(world, case):
    """One case."""
    _, part, *name, reader = case.split("/")
    found = all_damages(world, part).get("/".join(name))
    if found is None:
        return []  # How far an unfinished run got differs a little from one worker's folder to another's.
    file, content = found
    if file == "plan.jsonl" and name[-1].endswith("epochs=huge") and reader == "run":
        return []  # A plan may ask for so many, and then they are done.
    code, words, files = undamaged(world, part, reader)
    what, command = readers(world, part)[reader]
    copy(template(world, part), world.case)
    path = world.case / MADE / "run" / file
    if content is None:
        path.unlink()
    elif content == path.read_bytes():
        return []
    elif path.name == "metrics.jsonl" and only_seconds_differ(path.read_bytes(), content):
        return []
    else:
        path.write_bytes(content)
    ended = world.tracer.run(command.split(), world.case, seconds=60 if world.settings.long else 20)
    bad = ended_badly(ended)
    if bad:
        return [Failure(case, *bad)]
    if ended.code not in (0, 1):
        return [Failure(case, "exit code", f"{ended.code}: {ended.last_words}")]
    if what == "may" or code != 0:
        return []
    if reader == "weights" and file != "generator.safetensors":
        return []  # What is beside the weights explains them, where it can be read.
    if reader == "compare" and file == "plan.jsonl":
        return []  # The plan says what is compared.
    if reader == "run" and (file == "plan.jsonl" or not file.startswith(FIRST)):
        return []  # A line that says something else, or another line's run.
    if ended.code == 1:
        if pathlib.Path(file).name not in ended.err + ended.out:
            return [Failure(case, "names no file", ended.last_words)]
        return []
    if pathlib.Path(file).name in ended.err + ended.out:
        return []  # Such as a status, which says which run is damaged and ends well.
    found = tree(world.case)
    if what == "out":
        files, found = outside(files), outside(found)
    other = "; ".join(f"{kind} {names}" for kind, names in differences(files, found))
    if told(ended, world.case) != words:
        other = "it says something else; " + other
    return [Failure(case, "accepted", other)] if other else []
