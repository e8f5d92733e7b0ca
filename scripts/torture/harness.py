"""What all scenarios share: the tracer at work, folders and how they are compared, the commands that write, failures."""

import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import time

# Names that only say which moment or process it was.
VOLATILE = {"seconds", "started", "ended", "created", "written", "updated", "time", "pid", "host", "hostname"}
PART = ".gan-lab-part-"
# Exit codes that say that the program itself is at fault.
PANICS = {70, 101, 126, 134, 135, 136, 139}
# Where all commands put what they make; an error has to name something in there.
MADE = "made"


@dataclasses.dataclass
class Ended:
    """How a program ended."""

    code: int  # below 0: the signal that ended it
    out: str
    err: str
    calls: int = 0
    call: str = "-"
    path: str = "-"
    timed_out: bool = False
    left: int = 0

    @property
    def last_words(self):
        """What it says of its failing."""
        lines = [line for line in self.err.splitlines() if line.strip()]
        at = next((i for i, line in enumerate(lines) if line.startswith("error")), max(0, len(lines) - 1))
        return " / ".join(lines[at : at + 2])[:300] or "(nothing said)"


@dataclasses.dataclass
class Failure:
    """What went wrong in a case."""

    case: str
    kind: str
    detail: str


def say(*words):
    """Tells a person, on standard error."""
    print(*words, file=__import__("sys").stderr, flush=True)


class Tracer:
    """A tracer at work (trace.c)."""

    def __init__(self, tools, program, warm, folder):
        self.command = [str(tools / "trace"), str(program)] + ([str(tools / "warm.so")] if warm else [])
        self.program = str(program)
        self.out, self.err = folder / "stdout", folder / "stderr"
        self.environment = environment()
        self.process = None

    def run(self, args, cwd, *, mode="none", at=0, argument=0, seconds=60, root="", log=""):
        """Runs the program once and says how it ended."""
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        argv = [self.program, *map(str, args)]
        fields = [mode, at, argument, seconds, root, log, cwd, self.out, self.err, len(argv), *argv]
        fields += [f"{key}={value}" for key, value in self.environment.items()]
        request = b"".join(os.fsencode(str(field)) + b"\0" for field in fields)
        self.process.stdin.write(struct.pack("I", len(request)) + request)
        self.process.stdin.flush()
        answer = self.process.stdout.readline().decode(errors="replace").rstrip("\n").split("\t")
        if len(answer) != 7:
            raise RuntimeError(f"the tracer has ended ({answer})")
        how, code, calls, call, path, timed_out, left = answer
        return Ended(
            int(code) if how == "exited" else -int(code),
            self.out.read_text(errors="replace"),
            self.err.read_text(errors="replace"),
            int(calls),
            call,
            path,
            timed_out == "1",
            int(left),
        )

    def close(self):
        """Lets it go."""
        if self.process is not None:
            try:
                self.process.stdin.close()
            except OSError:
                pass
            self.process.wait()


def environment():
    """A plain environment for the program."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH") if key in os.environ}
    return kept | {"LANG": "C.UTF-8", "NO_COLOR": "1", "OMP_NUM_THREADS": "1", "RUST_BACKTRACE": "0"}


def without_volatile(value):
    """JSON without what differs from one time to the next."""
    if isinstance(value, dict):
        return {key: without_volatile(inner) for key, inner in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return [without_volatile(inner) for inner in value]
    return value


def normal(name, content, folder):
    """The bytes of a file that have to be the same every time."""
    content = content.replace(os.fsencode(str(folder)), b"@")
    try:
        if name.endswith(".jsonl"):
            lines = content.decode().split("\n")
            lines = [json.dumps(without_volatile(json.loads(line))) if line else "" for line in lines]
            return "\n".join(lines).encode()
        if name.endswith(".json"):
            return json.dumps(without_volatile(json.loads(content)), indent=1).encode()
    except (ValueError, RecursionError):
        pass
    return content


def tree(folder):
    """Every file below a folder: name to normalised bytes. Locks are the system's business, empty folders nobody's."""
    found = {}
    for at, _, files in os.walk(folder):
        here = pathlib.Path(at)
        for name in files:
            path = here / name
            relative = str(path.relative_to(folder))
            if name == "lock":
                continue
            if path.is_symlink() or not path.is_file():
                found[relative] = b"no regular file"
            else:
                found[relative] = normal(relative, path.read_bytes(), folder)
    return found


def differences(expected, found):
    """What a folder has too much, too little, or otherwise: a list of (kind, words)."""
    result = []
    litter = [name for name in found if name not in expected and PART in name]
    extra = [name for name in found if name not in expected and PART not in name]
    missing = [name for name in expected if name not in found]
    other = [name for name in expected if name in found and expected[name] != found[name]]
    for kind, names in (("litter", litter), ("extra", extra), ("missing", missing), ("differs", other)):
        if names:
            result.append((kind, ", ".join(sorted(names)[:6]) + (" …" if len(names) > 6 else "")))
    return result


def copy(source, target):
    """Makes target a fresh copy of source."""
    clear(target)
    shutil.copytree(source, target, symlinks=True)


def clear(path):
    """Removes a folder, whatever its rights."""
    if not os.path.lexists(path):
        return
    shutil.rmtree(path, onerror=lambda _f, name, _e: (os.chmod(os.path.dirname(name), 0o700), os.chmod(name, 0o700)))
    if os.path.lexists(path):
        shutil.rmtree(path)


# ---- inputs and commands ----

TINY = {
    "objective": {"model": "gan"},
    "generator": {"hidden": [8, 8], "batch_norm": [False, True]},
    "discriminator": {"hidden": [8]},
    "data": {"path": "ring.npy", "train_size": 256},
    "batch_size": 64,
    "epochs": 3,
    "frame_every": 2,
    "threads": 1,
}
FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "tests/fixtures"
PROGAN = (
    "train progan --data squares.idx --resolution 8 --latent-dim 4 --fmaps-base 32 --fmaps-max 6 --batch-size 8 "
    "--threads 1 --quiet"
).split()
SHORT_PROGAN = [*PROGAN, *"--kimg-per-phase 0.016 --final-kimg 0.016 --record-kimg 0.016".split()]
TRAIN = "train --config tiny.json --quiet".split()
SEFA = "sefa --checkpoint model.safetensors --n 1 --k 2 --steps 3 --viz-size 16 --quiet".split()


def squares(shift=0):
    """Forty images of a bright square on black, as an IDX file."""
    content = bytearray([0, 0, 8, 3, 0, 0, 0, 40, 0, 0, 0, 8, 0, 0, 0, 8])
    for image in range(40):
        x0, y0 = (image + shift) % 5, image // 5 % 5
        for y in range(8):
            content += bytes(230 if x0 <= x < x0 + 3 and y0 <= y < y0 + 3 else 10 for x in range(8))
    return bytes(content)


@dataclasses.dataclass
class Subject:
    """A command that writes, and how it is done again after it was cut off."""

    name: str
    args: list
    # What makes the folder before it, one after another.
    before: list = dataclasses.field(default_factory=list)
    # What a person would type afterwards; the first that ends well counts.
    again: list = None
    # Whether it trains: a signal has to save what it has done.
    trains: bool = False
    # Whether several processes are at work in it.
    many: bool = False
    # Whether an exit code of 1 is how it ends undisturbed (doctor, which finds no data).
    ends_with: int = 0
    needs: str = None

    def agains(self):
        """The commands that go on with it."""
        return self.again if self.again is not None else [self.args]


def trained(name, args, **more):
    """A subject that trains: on with --resume, or from the start where nothing had begun."""
    return Subject(name, args, again=[[*args, "--resume"], args], trains=True, **more)


def subjects():
    """Every command that writes."""
    points = [*TRAIN, "--out", "made/run"]
    run = lambda out, *more: [*TRAIN, "--out", out, *more]
    sweep = "sweep plan.json --out made/sweep --jobs 1 --quiet".split()
    line = "run --plan made/sweep/plan.jsonl --index 1 --quiet".split()
    plan_only = "sweep plan.json --out made/sweep --launcher print --quiet".split()
    longer = run("made/run", "--epochs", "9", "--frame-every", "4", "--resume")
    return [
        trained("points", points),
        trained("points-torch", run("made/run", "--engine", "torch"), needs="torch"),
        Subject("points-force", run("made/run", "--force"), before=[run("made/run", "--seed", "5", "--epochs", "5")]),
        Subject(
            "points-longer",
            longer,
            before=[run("made/run", "--epochs", "6", "--frame-every", "4")],
            again=[longer],
            trains=True,
        ),
        Subject("points-trace", run("made/run", "--trace", "made/trace.safetensors"), again=[
            run("made/run", "--trace", "made/trace.safetensors", "--resume"),
            run("made/run", "--trace", "made/trace.safetensors", "--force")]),
        trained("progan", [*SHORT_PROGAN, "--out", "made/run"], needs="torch"),
        Subject(
            "progan-force",
            [*SHORT_PROGAN, "--out", "made/run", "--force"],
            before=[[*SHORT_PROGAN, "--out", "made/run", "--seed", "5"]],
            needs="torch",
        ),
        Subject("sefa", [*SEFA, "--out", "made/job"], again=[[*SEFA, "--out", "made/job", "--resume"],
                                                             [*SEFA, "--out", "made/job"]]),
        Subject("draw", "draw run --out made/gif --size 160x160 --quiet".split(), before=[run("run")]),
        Subject("draw-png", "draw run --out made/gif --size 160x160 --png --quiet".split(), before=[run("run")]),
        Subject("draw-sheet", "draw run --out made/gif --size 160x160 --sheet 2,3 --quiet".split(), before=[run("run")]),
        Subject("compare", "compare a b --out made/table --samples 16 --repeats 1 --quiet".split(),
                before=[run("a"), run("b", "--seed", "1")]),
        Subject("data-make", "data make ring8 --points 64 --out made/ring.mat --quiet".split(),
                again=["data make ring8 --points 64 --out made/ring.mat --quiet".split(),
                       "data make ring8 --points 64 --out made/ring.mat --quiet --force".split()]),
        Subject("data-make-csv", "data make ring8 --points 64 --out made/ring.csv --quiet".split(),
                again=["data make ring8 --points 64 --out made/ring.csv --quiet".split(),
                       "data make ring8 --points 64 --out made/ring.csv --quiet --force".split()]),
        Subject("data-inspect", "data inspect ring.npy --out made/ring.png --quiet".split()),
        Subject("convert", "convert model.safetensors made/model.safetensors --half --quiet".split(),
                again=["convert model.safetensors made/model.safetensors --half --quiet".split(),
                       "convert model.safetensors made/model.safetensors --half --quiet --force".split()]),
        Subject("man", "man --out made/man".split()),
        Subject("sweep", sweep, many=True),
        Subject("sweep-slurm", "sweep plan.json --out made/sweep --launcher slurm --quiet".split()),
        Subject("run", line, before=[plan_only], trains=True),
    ]


class World:
    """A worker's own folder: its inputs, its tracer, its case."""

    def __init__(self, settings, number):
        self.settings = settings
        self.folder = settings.base / f"w{number}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.case = self.folder / "case"
        self.templates = self.folder / "templates"
        self.tracer = Tracer(settings.tools, settings.program, settings.warm, self.folder)
        self.cold = Tracer(settings.tools, settings.program, False, self.folder)
        self.references = {}
        self.inputs = self.templates / "inputs"
        if not self.inputs.is_dir():
            self.make_inputs()

    def close(self):
        """Ends its tracers."""
        self.tracer.close()
        self.cold.close()

    def make_inputs(self):
        """The files that the commands read."""
        folder = self.inputs
        folder.mkdir(parents=True)
        (folder / "tiny.json").write_text(json.dumps(TINY))
        plan = {"base": TINY, "grid": {"model": ["gan", "wgan"]}}
        (folder / "plan.json").write_text(json.dumps(plan))
        self.must("data make ring8 --points 300 --out ring.npy --quiet".split(), folder)
        (folder / "squares.idx").write_bytes(squares())
        shutil.copy(FIXTURES / "runs/generator.safetensors", folder / "model.safetensors")

    def must(self, args, cwd, code=0):
        """Runs a command undisturbed, in a place where nothing may go wrong."""
        ended = self.tracer.run(args, cwd)
        if ended.code != code:
            raise RuntimeError(f"undisturbed, it ended with {ended.code}: {' '.join(map(str, args))}\n{ended.err}")
        return ended

    def template(self, name, before):
        """A folder with the inputs after some commands; made once."""
        folder = self.templates / name
        if not folder.is_dir():
            copy(self.inputs, self.case)
            for args in before:
                self.must(args, self.case)
            shutil.move(self.case, folder)
        return folder

    def reference(self, subject):
        """What a command leaves undisturbed, and its calls that change files: [(call, path)]."""
        if subject.name not in self.references:
            template = self.template("write-" + subject.name, subject.before)
            trees = []
            log = self.folder / "log"
            for _ in range(2):
                copy(template, self.case)
                ended = self.tracer.run(subject.args, self.case, root=self.case, log=log)
                if ended.code != subject.ends_with:
                    raise RuntimeError(f"{subject.name} ended with {ended.code} undisturbed\n{ended.err}")
                trees.append(tree(self.case))
            calls = [tuple(line.split("\t")[1:]) for line in log.read_text(errors="replace").splitlines()]
            unstable = differences(*trees)
            self.references[subject.name] = (trees[1], calls, unstable)
        return self.references[subject.name]


def go_on(world, commands, run=None):
    """Does again what was cut off; gives the last ending and what it says of its failing, if it did."""
    ended, said = None, []
    run = run or (lambda args: world.tracer.run(args, world.case))
    for args in commands:
        ended = run(args)
        if ended.code == 0:
            return ended, None
        if ended.timed_out:
            return ended, ("hang", "done again, it never ends: " + " ".join(map(str, args)))
        if ended.code in PANICS or ended.code < 0:
            return ended, ("panic", f"done again, it ends with {ended.code}: {ended.last_words}")
        said.append(f"{ended.code}: {ended.last_words}")
    return ended, ("stuck", "done again, it ends with " + "; then ".join(said))


def ended_badly(ended, expected_signal=None):
    """What no program may do, whatever befell it."""
    if ended.timed_out:
        return ("hang", f"it had to be ended: {ended.last_words}")
    if ended.left:
        return ("left at work", f"{ended.left} processes")
    if ended.code in PANICS:
        return ("panic", f"{ended.code}: {ended.last_words}")
    if ended.code < 0 and ended.code != -(expected_signal or 0):
        return ("panic", f"ended by signal {-ended.code}: {ended.last_words}")
    return None


def names_a_path(text):
    """Whether an error says which file or folder."""
    return MADE in text


def processes_of(mark):
    """The processes whose environment holds this variable: pid to command line."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                if command:
                    found[int(entry.name)] = command
        except OSError:
            pass
    return found


def wait_until(condition, seconds):
    """Whether something becomes so in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def digest(text):
    """A short name for something long."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


SIGNALS = {name: getattr(signal, "SIG" + name) for name in ("INT", "TERM", "HUP", "QUIT", "USR1")}


def words_of(name):
    """A file's name, without what differs in temporary ones."""
    return re.sub(r"\.gan-lab-part-\w+", ".gan-lab-part-…", name)
