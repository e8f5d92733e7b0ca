"""Disks that are really full, and such as may only be read."""

import os
import random
import subprocess

from harness import MADE, Failure, clear, copy, differences, ended_badly, go_on, names_a_path, subjects, tree

SHORT = 8
SUBJECTS = ["points", "points-longer", "progan", "sefa", "draw", "compare", "sweep", "convert", "data-make"]
READERS = {
    "train-resume": "train --config tiny.json --quiet --out made/run --resume",
    "eval": "eval made/run --json",
    "draw": "draw made/run --out pictures --size 160x160 --quiet",
    "compare": "compare made/run other --out table --samples 16 --repeats 1 --quiet",
    "train-longer": "train --config tiny.json --quiet --out made/run --epochs 9 --resume",
    "train-force": "train --config tiny.json --quiet --out made/run --force",
}


def can_mount(settings):
    """Whether this user may mount."""
    probe_at = settings.base / "mount"
    probe_at.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "torture", probe_at], capture_output=True)
    if done.returncode == 0:
        subprocess.run(["umount", probe_at], check=True)
    return done.returncode == 0


def parts(settings):
    """The parts of this scenario."""
    needs = {s.name: s.needs for s in subjects()}
    mine = [name for name in SUBJECTS if settings.torch or needs[name] != "torch"]
    if os.geteuid() != 0 or not can_mount(settings):
        return [], ["full and read-only disks: only root may mount them"]
    return [*mine, "read-only"], []


class Disk:
    """A small disk in memory, where the case makes what it makes."""

    def __init__(self, at, options):
        self.at = at
        at.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "torture", at], check=True)

    def remount(self, options):
        """With other options."""
        subprocess.run(["mount", "-o", "remount," + options, self.at], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.at], check=True)


def find(name):
    """A subject by name."""
    return next(subject for subject in subjects() if subject.name == name)


def probe(world, part):
    """The cases of a part."""
    if part == "read-only":
        return [f"disk/{part}/{reader}" for reader in READERS], []
    subject = find(part)
    world.reference(subject)
    copy(world.template("write-" + part, subject.before), world.case)
    world.must(subject.args, world.case)
    pages = sum(-(-path.stat().st_size // 4096) + 1 for path in (world.case / MADE).rglob("*")) + 2
    count = sum(1 for _ in (world.case / MADE).rglob("*")) + 1
    rng = random.Random(f"{world.settings.seed}/{part}")
    sizes = sorted({1 + rng.randrange(2 * pages) for _ in range(12)} | {1, 2, pages // 2, pages - 1})
    if world.settings.long:
        sizes = range(1, 2 * pages, max(1, pages // 40))
    cases = [f"disk/{part}/pages/{size}" for size in sizes]
    return cases + [f"disk/{part}/files/{most}" for most in range(1, count + 3, 1 if world.settings.long else 3)], []


def run(world, case):
    """One case."""
    if case.startswith("disk/read-only/"):
        return read_only(world, case)
    _, part, what, size = case.split("/")
    subject = find(part)
    expected, _, _ = world.reference(subject)
    template = world.template("write-" + part, subject.before)
    clear(world.case)
    world.case.mkdir(parents=True)
    failures = []
    roomy = "size=64m,nr_inodes=100000"
    with Disk(world.case / MADE, roomy) as disk:
        subprocess.run(["cp", "-a", f"{template}/.", world.case], check=True)
        held = sum(1 for _ in (world.case / MADE).rglob("*"))
        used = sum(-(-path.stat().st_size // 4096) for path in (world.case / MADE).rglob("*") if path.is_file())
        disk.remount(f"size={4096 * (used + int(size))}" if what == "pages" else f"nr_inodes={held + int(size)}")
        ended = world.tracer.run(subject.args, world.case)
        bad = ended_badly(ended)
        if bad:
            failures.append(Failure(case, *bad))
        elif ended.code == 0:
            failures += [Failure(case, "success though it " + kind, words)
                         for kind, words in differences(expected, tree(world.case))]
        elif ended.code != 1:
            failures.append(Failure(case, "exit code", f"{ended.code}: {ended.last_words}"))
        elif not names_a_path(ended.err):
            failures.append(Failure(case, "no path", ended.last_words))
        disk.remount(roomy)
        if ended.code != 0:
            _, bad = go_on(world, subject.agains())
            if bad:
                failures.append(Failure(case, *bad))
            else:
                failures += [Failure(case, kind, f"after {ended.code}, with room: {words}")
                             for kind, words in differences(expected, tree(world.case))]
    return failures


def read_only(world, case):
    """What only reads does its work on a folder that cannot be written; what writes says so and changes nothing."""
    name = case.split("/")[2]
    train = "train --config tiny.json --quiet --out".split()
    template = world.template("read-only", [[*train, "made/run"], [*train, "other", "--seed", "1"]])
    clear(world.case)
    world.case.mkdir(parents=True)
    failures = []
    with Disk(world.case / MADE, "size=64m") as disk:
        subprocess.run(["cp", "-a", f"{template}/.", world.case], check=True)
        before = tree(world.case / MADE)
        disk.remount("ro")
        ended = world.tracer.run(READERS[name].split(), world.case)
        writes = name in ("train-longer", "train-force")
        bad = ended_badly(ended)
        if bad:
            failures.append(Failure(case, *bad))
        elif (ended.code != 0) != writes:
            failures.append(Failure(case, "exit code", f"{ended.code} on a folder that is read-only: {ended.last_words}"))
        elif writes and not names_a_path(ended.err):
            failures.append(Failure(case, "no path", ended.last_words))
        if tree(world.case / MADE) != before:
            failures.append(Failure(case, "differs", "it changed what is read-only"))
    return failures
