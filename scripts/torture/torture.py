"""Breaks gan-lab in every way that we know of and sees that nothing is lost. Run by ../torture.sh.

A case has a name, such as write/points/kill/61; --only takes a name or the beginning of one. The short form takes a
sample of the cases, the long form takes all.
"""

import argparse
import collections
import dataclasses
import multiprocessing
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

import harness
import disks
import moments
import writes

SCENARIOS = {"write": writes, "moment": moments, "disk": disks}


@dataclasses.dataclass
class Settings:
    """What every worker knows."""

    program: pathlib.Path
    tools: pathlib.Path
    base: pathlib.Path
    warm: bool
    torch: bool
    seed: int
    long: bool
    has_runs: bool


def arguments():
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="scripts/torture.sh", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--short", action="store_true", help="a sample, some minutes (the default)")
    size.add_argument("--long", action="store_true", help="everything, most of an hour")
    parser.add_argument("--only", action="append", metavar="CASE", help="only cases whose name begins so; may be repeated")
    parser.add_argument("--binary", metavar="PATH", help="another gan-lab")
    parser.add_argument("--seed", type=int, default=0, help="what the samples and the moments derive from")
    parser.add_argument("--report", metavar="FILE", help="write the figures as a Markdown table")
    parser.add_argument("--failures", metavar="FILE", help="write all failures, one a line")
    parser.add_argument("--jobs", type=int, default=max(2, os.cpu_count() or 1), help="cases at a time")
    parser.add_argument("--cold", action="store_true", help="start the program anew for every case")
    parser.add_argument("--tools", required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


WORLD = None


def begin(settings, counter):
    """In a new worker."""
    global WORLD
    with counter.get_lock():
        number = counter.value
        counter.value += 1
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.SIG_DFL)
    WORLD = harness.World(settings, number)


def probe(task):
    """The cases of a part of a scenario."""
    scenario, part = task
    try:
        return part, *SCENARIOS[scenario].probe(WORLD, part)
    except Exception:
        return part, [], [harness.Failure(f"{scenario}/{part}", "harness", traceback.format_exc())]


def work(case):
    """One case."""
    began = time.monotonic()
    try:
        failures = SCENARIOS[case.split("/")[0]].run(WORLD, case)
    except Exception:
        failures = [harness.Failure(case, "harness", traceback.format_exc())]
    return case, failures, time.monotonic() - began


def wanted(case, only):
    """Whether a case, or anything below it, was asked for."""
    if not only:
        return True
    for asked in only:
        a, b = case.split("/"), asked.strip("/").split("/")
        if all(x == y for x, y in zip(a, b)):
            return True
    return False


def sample(cases, rng, most):
    """At most so many of the cases, spread evenly over them."""
    if len(cases) <= most:
        return cases
    step = len(cases) / most
    start = rng.random() * step
    return [cases[int(start + i * step)] for i in range(most)]


def main():
    """Everything."""
    args = arguments()
    program = pathlib.Path(args.binary).resolve()
    base = pathlib.Path(tempfile.mkdtemp(prefix="gan-lab-torture-", dir=scratch()))
    settings = Settings(program, pathlib.Path(args.tools), base, not args.cold, True, args.seed, args.long, False)
    commands = subprocess.run([program, "help"], capture_output=True, text=True, check=True).stdout
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    settings.has_runs = any(line.split()[:1] == ["runs"] for line in commands.splitlines())
    refusal = subprocess.run([program, "inspect", "/dev/null"], capture_output=True, text=True).stderr
    settings.torch = "no-default-features" not in refusal and "without libtorch" not in refusal
    harness.say(f"{version}, {program}, in {base}" + ("" if settings.torch else ", a build without libtorch"))
    began = time.monotonic()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        tally, failures, notes = torture(args, settings)
    finally:
        for world in base.glob("w*"):
            harness.clear(world)
        shutil.rmtree(base, ignore_errors=True)
    return conclude(args, tally, failures, notes, time.monotonic() - began)


def scratch():
    """Where the cases lie: in memory where there is room, for nothing else is quick enough."""
    shm = pathlib.Path("/dev/shm")
    if shm.is_dir() and os.access(shm, os.W_OK) and shutil.disk_usage(shm).free > 1 << 30:
        return shm
    return None


def torture(args, settings):
    """Does the cases; gives the counts by part, the failures, and what was left out."""
    counter = multiprocessing.Value("i", 0)
    tally, failures, notes = collections.OrderedDict(), [], []
    with multiprocessing.Pool(args.jobs, begin, (settings, counter)) as pool:
        parts = []
        for name, scenario in SCENARIOS.items():
            if wanted(name, args.only):
                found, left_out = scenario.parts(settings) if hasattr(scenario, "parts") else (write_parts(settings), [])
                parts += [(name, part) for part in found if wanted(f"{name}/{part}", args.only)]
                notes += left_out
        todo = []
        for (scenario, part), (_, cases, bad) in zip(parts, pool.imap(probe, parts)):
            failures += bad
            tally[f"{scenario}/{part}"] = [len(bad), 0, 0.0, 1 if bad else 0]
            cases = [case for case in cases if wanted(case, args.only)]
            if not args.long:
                rng = random.Random(f"{args.seed}/{scenario}/{part}")
                cases = sample(cases, rng, most_of(scenario, part, args))
            todo += cases
        harness.say(f"{len(todo)} cases")
        # Cases that take long first, so that no worker is left alone with them.
        todo.sort(key=lambda case: getattr(SCENARIOS[case.split("/")[0]], "WEIGHT", 1), reverse=True)
        shown = time.monotonic()
        for done, (case, bad, seconds) in enumerate(pool.imap_unordered(work, todo, chunksize=chunk(todo, args)), 1):
            counts = tally["/".join(case.split("/")[:2])]
            counts[0] += 1
            counts[2] += seconds
            counts[3] += bool(bad)
            failures += bad
            if time.monotonic() - shown > 15:
                shown = time.monotonic()
                harness.say(f"  {done} of {len(todo)} cases, {len(failures)} failures")
        pool.close()
        pool.join()
    return tally, failures, notes


def chunk(todo, args):
    """How many cases a worker takes at once."""
    return max(1, min(16, len(todo) // (args.jobs * 8) or 1))


def write_parts(settings):
    """The commands that write."""
    return [s.name for s in harness.subjects() if settings.torch or s.needs != "torch"]


def most_of(scenario, part, args):
    """How many cases of a part the short form does."""
    if any(asked.count("/") > 2 for asked in args.only or []):
        return 1 << 30
    most = SCENARIOS[scenario].SHORT
    return most.get(part, most[None]) if isinstance(most, dict) else most


def conclude(args, tally, failures, notes, seconds):
    """The table and the failures; gives the exit code."""
    rows = [(part, counts[0], counts[3], counts[2]) for part, counts in tally.items()]
    wide = max([len(row[0]) for row in rows], default=8)
    print(f"{'scenario':{wide}}  {'cases':>6}  {'failed':>6}  {'seconds':>8}  kinds")
    for part, count, bad, took in rows:
        kinds = collections.Counter(f.kind for f in failures if f.case.startswith(part + "/") or f.case == part)
        words = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())
        print(f"{part:{wide}}  {count:6}  {bad:6}  {took:8.1f}  {words}")
    total, bad = sum(row[1] for row in rows), sum(row[2] for row in rows)
    print(f"{'all':{wide}}  {total:6}  {bad:6}  {seconds:8.1f}  (wall clock)")
    for note in notes:
        print(f"left out: {note}")
    if failures:
        print()
        shown = collections.Counter()
        for failure in failures:
            group = (failure.kind, "/".join(failure.case.split("/")[:2]))
            shown[group] += 1
            if shown[group] <= (1000 if args.only else 3):
                print(f"{failure.kind}: {failure.detail}\n    scripts/torture.sh --seed {args.seed} --only {failure.case}")
    if args.failures:
        lines = [f"{f.kind}\t{f.case}\t{' '.join(f.detail.split())}\n" for f in failures]
        pathlib.Path(args.failures).write_text("".join(sorted(lines)))
    if args.report:
        lines = ["| what is broken | cases | failures |", "|---|---|---|"]
        lines += [f"| {part} | {count} | {bad} |" for part, count, bad, _ in rows]
        lines += [f"| all | {total} | {bad} |"] + [f"\nLeft out: {note}" for note in notes]
        pathlib.Path(args.report).write_text("\n".join(lines) + "\n")
    if not total:
        print("error: no case has such a name")
        return 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
