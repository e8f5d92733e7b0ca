"""Breaks gan-lab in every way that we know of and sees that nothing is lost. Run by ../torture.sh.

A case has a name, such as write/points/kill/61; --only takes a name or the beginning of one. The short form takes a
sample of the cases, the long form takes all.
"""

import argparse
import collections
import dataclasses
import multiprocessing
import multiprocessing.connection
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
import damage
import disks
import moments
import writes

# Which scenarios take longest for a case.
WEIGHT = {"moment": 2}
SCENARIOS = {"write": writes, "moment": moments, "disk": disks, "damage": damage}


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
    parser.add_argument("--most", type=int, metavar="N", help="with --long: so many cases of each part, spread evenly")
    parser.add_argument("--report", metavar="FILE", help="write the figures as a Markdown table")
    parser.add_argument("--failures", metavar="FILE", help="add all failures to this file as they come, one a line")
    parser.add_argument("--jobs", type=int, default=max(2, os.cpu_count() or 1), help="cases at a time")
    parser.add_argument("--cold", action="store_true", help="start the program anew for every case")
    parser.add_argument("--tools", required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def probe(world, task):
    """The cases of a part of a scenario."""
    scenario, part = task
    try:
        return task, *SCENARIOS[scenario].probe(world, part)
    except Exception:
        return task, [], [harness.Failure(f"{scenario}/{part}", "harness", traceback.format_exc())]


def work(world, case):
    """One case."""
    began = time.monotonic()
    try:
        failures = SCENARIOS[case.split("/")[0]].run(world, case)
    except Exception:
        failures = [harness.Failure(case, "harness", traceback.format_exc())]
    return case, failures, time.monotonic() - began


def worker(settings, number, pipe):
    """A process that does what it is given until there is no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.SIG_DFL)
    world = harness.World(settings, number)
    pipe.send(None)
    while (task := pipe.recv()) is not None:
        what, argument = task
        pipe.send({"probe": probe, "work": work}[what](world, argument))
    world.close()


class Workers:
    """So many processes, each with a folder and a tracer of its own."""

    def __init__(self, settings, many):
        self.processes, self.pipes = [], []
        for number in range(many):
            ours, theirs = multiprocessing.Pipe()
            process = multiprocessing.Process(target=worker, args=(settings, number, theirs), daemon=True)
            process.start()
            theirs.close()
            self.processes.append(process)
            self.pipes.append(ours)
        for pipe in self.pipes:
            pipe.recv()

    def map(self, what, tasks):
        """Does all tasks and gives what comes of each as it comes."""
        tasks, busy = iter(tasks), set()
        idle = list(self.pipes)
        while True:
            while idle and (task := next(tasks, None)) is not None:
                pipe = idle.pop()
                pipe.send((what, task))
                busy.add(pipe)
            if not busy:
                return
            for pipe in multiprocessing.connection.wait(list(busy)):
                busy.discard(pipe)
                idle.append(pipe)
                yield pipe.recv()

    def end(self):
        """Ends them all, whatever they are at."""
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.join()


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
    refusal = subprocess.run([program, "train", "progan", "nothing"], capture_output=True, text=True).stderr
    settings.torch = "without libtorch" not in refusal
    harness.say(f"{version}, {program}, in {base}" + ("" if settings.torch else ", a build without libtorch"))
    if not can_trace(settings):
        harness.say("skipped: this system does not permit tracing (ptrace, seccomp)")
        tidy(base)
        return 77
    began = time.monotonic()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, told_to_end)
    try:
        tally, failures, notes = torture(args, settings)
    finally:
        tidy(base)
    return conclude(args, tally, failures, notes, time.monotonic() - began)


def can_trace(settings):
    """Whether the tracer works here. Where only the warm start does not, everything is started anew."""
    for warm in [True, False] if settings.warm else [False]:
        tracer = harness.Tracer(settings.tools, settings.program, warm, settings.base)
        try:
            if tracer.run(["--version"], settings.base, seconds=20).code == 0:
                settings.warm = warm
                return True
        except (RuntimeError, OSError):
            pass
        finally:
            tracer.close()
        if warm:
            harness.say("the program cannot be kept warm here: every case starts it anew, which takes longer")
    return False


def told_to_end(number, _):
    """Ends, and takes everything along."""
    harness.say(f"ended by {signal.Signals(number).name}")
    sys.exit(128 + number)


def tidy(base):
    """Takes away all that was made."""
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        if line.split()[1].startswith(str(base)):
            subprocess.run(["umount", "-l", line.split()[1]], check=False)
    shutil.rmtree(base, ignore_errors=True)


def scratch():
    """Where the cases lie: in memory where there is room, for nothing else is quick enough."""
    shm = pathlib.Path("/dev/shm")
    if shm.is_dir() and os.access(shm, os.W_OK) and shutil.disk_usage(shm).free > 1 << 30:
        return shm
    return None


def torture(args, settings):
    """Does the cases; gives the counts by part, the failures, and what was left out."""
    workers = Workers(settings, args.jobs)
    try:
        return torture_with(workers, args, settings)
    finally:
        workers.end()


def torture_with(workers, args, settings):
    """The same with these workers."""
    tally, failures, notes, parts = {}, [], [], []
    for name, scenario in SCENARIOS.items():
        if wanted(name, args.only):
            found, left_out = scenario.parts(settings)
            parts += [(name, part) for part in found if wanted(f"{name}/{part}", args.only)]
            notes += left_out
    probed = {}
    for task, cases, bad in workers.map("probe", parts):
        failures += bad
        write_failures(args, bad)
        probed[task] = cases, bad
    todo = []
    for scenario, part in parts:
        cases, bad = probed[scenario, part]
        tally[f"{scenario}/{part}"] = [len(bad), 0, 0.0, 1 if bad else 0]
        cases = [case for case in cases if wanted(case, args.only)]
        rng = random.Random(f"{args.seed}/{scenario}/{part}")
        if not args.long:
            cases = sample(cases, rng, most_of(scenario, part, args))
        elif args.most:
            cases = sample(cases, rng, args.most)
        todo.append(cases)
    # One of each part after the other, so that each worker has made a part's folder before the others begin; the long
    # ones first, so that no worker is left alone with them.
    todo.sort(key=lambda cases: WEIGHT.get(cases[0].split("/")[0], 1) if cases else 0, reverse=True)
    todo = [case for cases in todo for case in cases]
    harness.say(f"{len(todo)} cases")
    shown = time.monotonic()
    for done, (case, bad, seconds) in enumerate(workers.map("work", todo), 1):
        counts = tally["/".join(case.split("/")[:2])]
        counts[0] += 1
        counts[2] += seconds
        counts[3] += bool(bad)
        failures += bad
        write_failures(args, bad)
        if time.monotonic() - shown > 15:
            shown = time.monotonic()
            harness.say(f"  {done} of {len(todo)} cases, {len(failures)} failures")
    return tally, failures, notes


def write_failures(args, failures):
    """Adds to the file of all failures."""
    if args.failures:
        with open(args.failures, "a", encoding="utf-8") as file:
            file.writelines(f"{f.kind}\t{f.case}\t{' '.join(f.detail.split())}\n" for f in failures)


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
