"""Killed or told to stop at a random moment: then the same command again, and the same bytes.

The programs are started as people start them, without a tracer.
"""

import os
import random
import signal
import subprocess
import time

from harness import (
    PANICS,
    SEFA,
    SIGNALS,
    Failure,
    PROGAN,
    Subject,
    TINY,
    copy,
    differences,
    environment,
    go_on,
    processes_of,
    tree,
    trained,
    wait_until,
)
from positions import behind
import json

# In the short form.
SHORT = {None: 4, "sweep-parent": 6}
# How long a run may take to save and end, and a child to notice that it is alone.
PATIENCE = 30


def longer_subjects():
    """Commands that take about a second, so that there are moments to hit."""
    points = "train --config longer.json --quiet --out made/run".split()
    progan = [*PROGAN, *"--kimg-per-phase 0.8 --final-kimg 1.6 --record-kimg 0.16 --out made/run".split()]
    sefa = "sefa --checkpoint model.safetensors --n 8 --k 3 --steps 19 --viz-size 32 --quiet --out made/job".split()
    run = lambda seed, *out: ["train", "--config", "longer.json", "--quiet", "--epochs", "400", "--frame-every", "20", "--seed", seed, "--out", *out]
    plan = "run --plan made/sweep/plan.jsonl --index 1 --quiet".split()
    return [
        trained("points", points),
        trained("points-torch", [*points, "--engine", "torch", "--epochs", "1000"], needs="torch"),
        trained("progan", progan, needs="torch"),
        Subject("sefa", sefa, again=[[*sefa, "--resume"], sefa], trains=True),
        Subject("draw", "draw run --out made/gif --size 640x480 --quiet".split(), before=[run("0", "run")]),
        Subject(
            "compare",
            "compare a b --out made/table --samples 40 --repeats 2 --quiet".split(),
            before=[run("0", "a"), run("1", "b")],
        ),
        Subject("sweep", "sweep longer-plan.json --out made/sweep --jobs 2 --quiet".split(), many=True, trains=True),
        Subject(
            "run",
            plan,
            before=["sweep longer-plan.json --out made/sweep --launcher print --quiet".split()],
            trains=True,
        ),
    ]


def parts(settings):
    """The parts of this scenario."""
    return [s.name for s in longer_subjects() if settings.torch or s.needs != "torch"] + ["sweep-parent"], []


def find(name):
    """A subject by name."""
    return next(subject for subject in longer_subjects() if subject.name == name)


class Own:
    """A program started as people start it, in a group of its own, and found again by a mark in its environment."""

    def __init__(self, world, args, mark):
        self.mark = f"GAN_LAB_TORTURE={mark}"
        self.out, self.err = world.folder / "own.out", world.folder / "own.err"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [world.settings.program, *args],
                cwd=world.case,
                env=environment() | dict([self.mark.split("=")]),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def wait(self):
        """Its exit code; None if it does not end."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return None

    def others(self):
        """The processes that it started and that are still there."""
        return {pid: what for pid, what in processes_of(self.mark).items() if pid != self.process.pid}

    def last_words(self):
        """The end of what it said."""
        return self.err.read_text(errors="replace").strip()[-300:] or "(nothing said)"

    def end(self):
        """Ends whatever is left of it."""
        while left := processes_of(self.mark):
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            if self.process.pid in left:
                self.process.wait()
            time.sleep(0.01)


def prepared(world, subject):
    """What it leaves undisturbed and how long it takes; the inputs are in place."""
    longer = {**TINY, "epochs": 6000, "frame_every": 500}
    key = "moment-" + subject.name
    if key not in world.references:
        if not (world.inputs / "longer.json").is_file():
            (world.inputs / "longer.json").write_text(json.dumps(longer))
            plan = {"base": longer, "grid": {"model": ["gan", "wgan"]}}
            (world.inputs / "longer-plan.json").write_text(json.dumps(plan))
            longest = {"base": {**longer, "epochs": 50000, "frame_every": 5000}, "grid": {"seed": "0-3"}}
            (world.inputs / "longest-plan.json").write_text(json.dumps(longest))
        template = world.template(key, subject.before)
        copy(template, world.case)
        began = time.monotonic()
        own = Own(world, subject.args, f"{os.getpid()}-reference")
        code = own.wait()
        if code != 0:
            own.end()
            raise RuntimeError(f"{subject.name} ended with {code} undisturbed\n{own.last_words()}")
        world.references[key] = (tree(world.case), time.monotonic() - began)
    return world.template(key, subject.before), *world.references[key]


def probe(world, part):
    """The cases of a part."""
    many = 40 if world.settings.long else 6
    if part == "sweep-parent":
        ways = ["KILL", "INT", "TERM", "HUP", "QUIT", "USR1", "TERM-twice", "INT-twice", "INT-group", "TERM-group",
                "HUP-group"]
        return [f"moment/{part}/{way}/{i}" for way in ways for i in range(1 if many < 40 else 3)], []
    kinds = ["KILL"] * (2 if part not in ("draw", "compare") else 1) + list(SIGNALS)
    return [f"moment/{part}/{kind}/{i}" for kind in dict.fromkeys(kinds) for i in range(many if kind == "KILL" else many // 4 + 1)], []


def run(world, case):
    """One case."""
    _, part, way, _ = case.split("/")
    rng = random.Random(f"{world.settings.seed}/{case}")
    if part == "sweep-parent":
        return sweep_parent(world, case, way)
    subject = find(part)
    template, expected, takes = prepared(world, subject)
    copy(template, world.case)
    failures = []
    number = getattr(signal, "SIG" + way)
    hit = []
    commands = [subject.args, *subject.agains()]
    for attempt in range(rng.randrange(1, 4) if way == "KILL" else 1):
        after = rng.random() * takes * 1.1
        own = Own(world, commands[min(attempt, 1)], f"{os.getpid()}-{case}")
        try:
            own.process.wait(after)
        except subprocess.TimeoutExpired:
            pass
        own.process.send_signal(number)
        code = own.wait()
        hit.append(f"{way} after {after:.2f} s: {code}")
        where = ", ".join(hit)
        if code is None:
            failures.append(Failure(case, "hang", f"{where}: it does not end"))
        elif code in PANICS or (code < 0 and code != -number):
            failures.append(Failure(case, "panic", f"{where}: {own.last_words()}"))
        elif way != "KILL":
            failures += [Failure(case, kind, f"{where}: {words}") for kind, words in unsaved(world, subject, code, number)]
        if not wait_until(lambda: not own.others(), 10):
            failures.append(Failure(case, "left at work", f"{where}: {len(own.others())} processes"))
        own.end()
    _, bad = go_on(world, subject.agains(), lambda args: world.cold.run(args, world.case))
    if bad:
        failures.append(Failure(case, bad[0], f"{where}: {bad[1]}"))
    else:
        failures += [Failure(case, kind, f"{where}, going on: {words}") for kind, words in differences(expected, tree(world.case))]
    return failures


def unsaved(world, subject, code, number):
    """What is wrong after a signal."""
    if not subject.trains:
        return
    begun = behind(world.case)
    if code not in {0, 128 + number, 75, 130, 143} and begun is not None:
        yield "unsaved", f"the signal ended it, {begun or 'no'} records are newer than the state"
    elif begun:
        yield "unsaved", f"{begun} records are newer than the state"


def sweep_parent(world, case, way):
    """A sweep's parent is told to stop, or killed: no child goes on alone, and nothing is lost."""
    subject = find("sweep")
    template, _, _ = prepared(world, subject)
    name, _, how = way.partition("-")
    number = getattr(signal, "SIG" + name)
    copy(template, world.case)
    own = Own(world, "sweep longest-plan.json --out made/sweep --jobs 2 --quiet".split(), f"{os.getpid()}-{case}")
    failures = []
    try:
        at_work = lambda: sum(" --index " in what for what in own.others().values()) >= 2
        recorded = lambda: len(list((world.case / "made").rglob("metrics.jsonl"))) >= 2
        if not wait_until(lambda: at_work() and recorded(), PATIENCE):
            return [Failure(case, "harness", f"no two children were at work: {own.last_words()}")]
        time.sleep(random.Random(case).random() * 0.3)
        for _ in range(2 if how == "twice" else 1):
            if how == "group":
                os.killpg(own.process.pid, number)
            else:
                own.process.send_signal(number)
            time.sleep(0.02)
        code = own.wait()
        if code is None:
            failures.append(Failure(case, "hang", "the parent does not end"))
        elif code in PANICS or (code < 0 and code != -number):
            failures.append(Failure(case, "panic", f"the parent ended with {code}: {own.last_words()}"))
        if not wait_until(lambda: not own.others(), 5):
            failures.append(Failure(case, "left at work", f"5 s after the parent ended with {code}, "
                                    f"{len(own.others())} children are at work"))
        elif code is not None and name != "KILL" and how != "twice" and (begun := behind(world.case)):
            failures.append(Failure(case, "unsaved", f"ended with {code}, {begun} records are newer than the states"))
        errors = [path.name for path in (world.case / "made/sweep").glob("errors/*")]
        if errors:
            failures.append(Failure(case, "false error", f"runs that were stopped are said to have failed: {errors}"))
    finally:
        own.end()
    status = world.cold.run("sweep status made/sweep --json".split(), world.case)
    if status.code != 0:
        failures.append(Failure(case, "status", f"sweep status ends with {status.code}: {status.last_words}"))
    return failures
