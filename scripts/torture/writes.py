"""The n-th call that changes files fails, or is the last: every n, every command that writes."""

import errno

from harness import (
    SIGNALS,
    Failure,
    copy,
    differences,
    ended_badly,
    go_on,
    names_a_path,
    subjects,
    tree,
    words_of,
)
from positions import behind, records

ROOM = {"openat", "open", "openat2", "creat", "write", "writev", "pwrite", "pwritev", "renameat", "renameat2", "rename",
        "linkat", "link", "symlinkat", "mkdirat", "mkdir", "ftruncate", "truncate", "fallocate", "copy_file_range",
        "sendfile"}
# mode: what the tracer does, its argument, at which calls.
MODES = {
    "kill": ("kill", 0, None),
    "kill-after": ("kill-after", 0, None),
    "kill-all": ("kill-all", 0, None),
    "enospc": ("fail", errno.ENOSPC, ROOM),
    "enospc-forever": ("forever", errno.ENOSPC, ROOM),
    "erofs-forever": ("forever", errno.EROFS, None),
    "short": ("short", 0, {"write", "pwrite"}),
    "eio": ("fail", errno.EIO, None),
    "eacces": ("fail", errno.EACCES, None),
    "nolock": ("fail", errno.ENOLCK, {"flock", "fcntl"}),
    **{"signal-" + name: ("signal", number, None) for name, number in SIGNALS.items()},
}
KILLS = ("kill", "kill-after", "kill-all")
# Cases of each command in the short form; a sweep starts its runs as programs of their own, which takes longer.
SHORT = {None: 50, "sweep": 16}


def cases(subject, calls):
    """All cases of a subject: their names."""
    for mode, (_, _, at) in MODES.items():
        if mode == "kill-all" and not subject.many:
            continue
        for number, (call, _) in enumerate(calls, 1):
            if at is None or call in at:
                yield f"write/{subject.name}/{mode}/{number}"


def parts(settings):
    """The parts of this scenario: the commands that write."""
    return [s.name for s in subjects() if settings.torch or s.needs != "torch"], []


def find(name):
    """A subject by name."""
    return next(subject for subject in subjects() if subject.name == name)


def probe(world, name):
    """What cases there are for a subject, and whether it makes the same bytes twice."""
    subject = find(name)
    _, calls, unstable = world.reference(subject)
    failures = [Failure(f"write/{name}/undisturbed", "not the same twice", words) for _, words in unstable]
    return list(cases(subject, calls)), failures


def run(world, case):
    """One case."""
    _, name, mode, number = case.split("/")
    subject = find(name)
    expected, _, _ = world.reference(subject)
    how, argument, _ = MODES[mode]
    copy(world.template("write-" + name, subject.before), world.case)
    ended = world.tracer.run(subject.args, world.case, mode=how, at=int(number), argument=argument, root=world.case)
    where = f"at {ended.call} of {words_of(ended.path).replace(str(world.case) + '/', '')}"
    failures = []

    def failed(kind, words):
        failures.append(Failure(case, kind, f"{where}: {words}"))

    if mode.startswith("signal-"):
        check_signal(world, subject, ended, argument, failed)
    else:
        check_ending(world, subject, ended, mode, expected, failed)
    if ended.code != subject.ends_with or mode in KILLS or mode.startswith("signal-"):
        _, bad = go_on(world, subject.agains()) if subject.ends_with == 0 else (None, None)
        if bad:
            failed(*bad)
        else:
            for kind, words in differences(expected, tree(world.case)):
                failed(kind, f"after {ended.code} and going on: {words}")
    return failures


def check_ending(world, subject, ended, mode, expected, failed):
    """Right after the fault."""
    bad = ended_badly(ended, 9 if mode in KILLS else None)
    if bad:
        failed(*bad)
    elif ended.code == subject.ends_with:
        for kind, words in differences(expected, tree(world.case)):
            failed("success though it " + kind if kind != "litter" else kind, words)
    elif ended.code > 0:
        if ended.code not in (1, 75):
            failed("exit code", f"{ended.code}: {ended.last_words}")
        if not names_a_path(ended.err):
            failed("no path", ended.last_words)


def check_signal(world, subject, ended, number, failed):
    """Right after a signal: a run that has begun saves and says so with its code."""
    bad = ended_badly(ended, number)
    if bad:
        failed(*bad)
        return
    if not subject.trains:
        return
    allowed = {0, 128 + number, 75, 130, 143}
    # Where it has not recorded anything yet, there is nothing to save.
    begun = behind(world.case) if records(world.case) > records(world.template("write-" + subject.name, [])) else None
    if ended.code not in allowed and begun is not None:
        failed("unsaved", f"the signal ended it with {ended.code}")
    elif begun:
        failed("unsaved", f"{begun} records are newer than the state")
