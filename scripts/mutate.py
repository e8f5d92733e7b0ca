#!/usr/bin/env python3
"""Mutation testing: change one operator or one result at a time, and see whether a unit test notices.

    python3 scripts/mutate.py [FOLDER OR FILE ...] [--jobs N] [--out FOLDER] [--limit N] [--list] [--torch]

A copy of the project is changed so that every mutant is in it at once and an environment variable picks one: one
build instead of one for each mutant. Then each unit test is run by itself to see which mutants it reaches, and each
mutant is run with the tests that reach it, the quickest first, until one fails. What is done is kept in FOLDER
(target/mutants) and not done again while the sources are the same.

A mutant that survives is either something no test looks at, or changes nothing that can be seen.

The build is the one without libtorch, and files that use it are left out; --torch takes the other build, with them.
Needs: Python with tree-sitter and tree-sitter-rust. scripts/test.sh does not run it.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import tree_sitter
import tree_sitter_rust

ROOT = Path(__file__).resolve().parent.parent
RUST = tree_sitter.Language(tree_sitter_rust.language())
FOLDERS = ["src/objective", "src/optim", "src/metric"]

# What takes an operator's place.
SUMS = {"+": "-*", "-": "+/", "*": "+/", "/": "*%", "%": "/", "&": "|", "|": "&", "^": "&"}
COMPARISONS = {"==": ["!="], "!=": ["=="], "<": ["<=", ">"], "<=": ["<", ">"], ">": [">=", "<"], ">=": [">", "<"]}
LOGIC = {"&&": "||", "||": "&&"}
# What a function of a type may give in the place of its result.
NUMBERS = {kind: ["0", "1"] for kind in ["usize", "u8", "u16", "u32", "u64", "i32", "i64"]}
RESULTS = NUMBERS | {"f32": ["0.0", "1.0"], "f64": ["0.0", "1.0"], "bool": ["true", "false"], "T": ["T::ZERO", "T::ONE"],
                     "String": ["String::new()"], "": ["()"]}  # fmt: skip
GENERIC = {"Vec": "Vec::new()", "Option": "None"}

SWITCH = """// Which mutant is on.
use std::io::Write;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

static ON: LazyLock<usize> = LazyLock::new(|| std::env::var("MUTANT").map_or(0, |n| n.parse().unwrap()));
static FILE: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("MUTANTS_REACHED").ok());
static REACHED: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];

pub fn is(n: usize) -> bool {
    if let Some(path) = &*FILE
        && !REACHED[n].load(Ordering::Relaxed)
        && !REACHED[n].swap(true, Ordering::Relaxed)
    {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(format!("{n}\\n").as_bytes()).unwrap();
    }
    *ON == n
}
"""


class Source:
    """A file with all its mutants in it; those in `without` are left out."""

    # Attributes of what gets none.
    no_mutants = r"\btest\b"

    def __init__(self, path, count, without):
        self.path, self.without = path, without
        self.text = (ROOT / path).read_bytes()
        self.mutants = {}
        self.count = count
        tree = tree_sitter.Parser(RUST).parse(self.text)
        self.changed = self.emit(tree.root_node)

    def add(self, node, change):
        """A new mutant's number; None where it is left out."""
        self.count += 1
        line = node.start_point[0] + 1
        self.mutants[self.count] = {"file": str(self.path), "line": line, "change": change}
        return None if self.count in self.without else self.count

    def plain(self, node):
        return self.text[node.start_byte : node.end_byte].decode()

    def emit(self, node):
        if node.type in {"const_item", "static_item", "macro_invocation", "macro_definition", "attribute_item",
                         "array_type", "const_block", "type_arguments", "const_parameter"}:  # fmt: skip
            return self.plain(node)
        if self.is_left_out(node) or (node.type == "function_item" and re.match(r"(pub(\(.*?\))? )?const ", self.plain(node))):
            return self.plain(node)
        special = {
            "binary_expression": self.binary,
            "compound_assignment_expr": self.assignment,
            "unary_expression": self.unary,
            "function_item": self.function,
        }.get(node.type)
        return (special and special(node)) or self.children(node)

    def is_left_out(self, node):
        """Whether it is compiled for tests alone, or not in this build."""
        before = node.prev_named_sibling
        while before is not None and before.type in {"attribute_item", "line_comment"}:
            if before.type == "attribute_item" and re.search(self.no_mutants, self.plain(before)):
                return True
            before = before.prev_named_sibling
        return False

    def children(self, node, start=None):
        """What is between a node's children as it is, and the children with their mutants."""
        at = node.start_byte if start is None else start
        parts = []
        for child in node.children:
            if child.start_byte >= at:
                parts += [self.text[at : child.start_byte].decode(), self.emit(child)]
                at = child.end_byte
        return "".join([*parts, self.text[at : node.end_byte].decode()])

    def choose(self, node, changes, choice, usual):
        """A chain of alternatives, between marks that are found again where the compiler refuses one."""
        named = [(self.add(node, words), code) for words, code in changes]
        chain = [f"if crate::mutants::is({n}) {{ {code} }} else" for n, code in named if n]
        if not chain:
            return None
        ids = ",".join(str(n) for n, _ in named if n)
        return f"/*<{ids}<*/({choice(' '.join([*chain, '{ ' + usual + ' }']))})/*>{ids}>*/"

    def binary(self, node):
        sign = node.child_by_field_name("operator").type
        first, second = (self.emit(node.child_by_field_name(side)) for side in ("left", "right"))
        words = " ".join(self.plain(node).split())
        if sign in LOGIC:
            # The right side counts only where it is asked for, so the whole stands twice, once without other mutants.
            left, right = (self.plain(node.child_by_field_name(side)) for side in ("left", "right"))
            change = (f"{words}: {LOGIC[sign]}", f"({left}) {LOGIC[sign]} ({right})")
            return self.choose(node, [change], str, f"({first}) {sign} ({second})")
        if sign in SUMS:
            changes = [(f"{words}: {other}", f"l {other} r") for other in SUMS[sign]]
            return self.choose(node, changes, lambda chain: f"match ({first}, {second}) {{ (l, r) => {chain} }}", f"l {sign} r")
        if sign in COMPARISONS:
            changes = [(f"{words}: {other}", f"l {other} r") for other in COMPARISONS[sign]]
            return self.choose(node, changes, lambda chain: f"match (&({first}), &({second})) {{ (l, r) => {chain} }}", f"l {sign} r")
        return None

    def assignment(self, node):
        sign = node.child_by_field_name("operator").type[:-1]
        if sign not in SUMS:
            return None
        place, second = self.plain(node.child_by_field_name("left")), self.emit(node.child_by_field_name("right"))
        words = " ".join(self.plain(node).split())
        changes = [(f"{words}: {other}=", f"{place} {other}= r") for other in SUMS[sign]]
        return self.choose(node, changes, lambda chain: f"match {second} {{ r => {chain} }}", f"{place} {sign}= r")

    def unary(self, node):
        sign = node.children[0].type
        if sign not in "!-" or node.children[1].type in {"integer_literal", "float_literal"}:
            return None
        words = " ".join(self.plain(node).split())
        inner = self.emit(node.children[1])
        return self.choose(node, [(f"{words}: without {sign}", "x")], lambda chain: f"match {inner} {{ x => {chain} }}", f"{sign}x")

    def function(self, node):
        kind, body = node.child_by_field_name("return_type"), node.child_by_field_name("body")
        kind = self.plain(kind) if kind else ""
        results = RESULTS.get(kind, [GENERIC[name] for name in GENERIC if kind.startswith(name + "<")])
        if kind.startswith("Result<(),") or kind == "Result<()>":
            results = ["Ok(())"]
        if body is None or len(body.named_children) == 0:
            return None
        name = self.plain(node.child_by_field_name("name"))
        named = [(self.add(node, f"fn {name}: {result}"), result) for result in results]
        code = "".join(f"/*<{n}<*/if crate::mutants::is({n}) {{ return {result}; }}/*>{n}>*/" for n, result in named if n)
        before = self.text[node.start_byte : body.start_byte].decode()
        return before + "{" + code + self.children(body, body.start_byte + 1)


def build(files, tree, out, features):
    """Changes the copy and compiles it, leaving out what the compiler refuses; gives the mutants and the program."""
    of_files = hashlib.sha256(b"".join([str(features).encode(), *((ROOT / path).read_bytes() for path in files)]))
    kept = out / f"refused-{of_files.hexdigest()[:16]}.json"
    without = set(json.loads(kept.read_text())) if kept.exists() else set()
    while True:
        sources, count = [], 0
        for path in files:
            sources.append(Source(path, count, without))
            count = sources[-1].count
        for source in sources:
            write(tree / source.path, source.changed)
        write(tree / "src/mutants.rs", f"const COUNT: usize = {count + 1};\n" + SWITCH)
        head = (ROOT / "src/lib.rs").read_text()
        write(tree / "src/lib.rs", "#![allow(warnings)]\n" + head + "\npub mod mutants;\n")
        command = ["cargo", "test", "--release", "--locked", "--lib", *features, "--no-run", "--message-format=json"]
        environment = os.environ | {"CARGO_TARGET_DIR": str(ROOT / "target")}
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
        messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode == 0:
            programs = [m["executable"] for m in messages if m.get("executable") and m["target"]["kind"] == ["lib"]]
            program = out / "tests"
            shutil.copy(programs[0], program)
            mutants = {n: m for source in sources for n, m in source.mutants.items() if n not in without}
            return mutants, len(without), program
        refused = set()
        for message in messages:
            for span in (message.get("message") or {}).get("spans", []):
                if message["message"]["level"] == "error":
                    refused |= around(tree / span["file_name"], span["byte_start"])
        if not refused - without:
            raise SystemExit(f"the changed copy does not compile:\n{done.stderr[-3000:]}" + "".join(
                m["message"]["rendered"] for m in messages if m.get("message"))[:5000])
        print(f"the compiler refuses {len(refused - without)} mutants", flush=True)
        without |= refused
        kept.write_text(json.dumps(sorted(without)))


def around(path, at):
    """The mutants of the innermost choice around a byte of a changed file."""
    text, best = path.read_bytes(), (0, set())
    for opened in re.finditer(rb"/\*<([0-9,]+)<\*/", text[: at + 1]):
        closed = text.find(b"/*>" + opened[1] + b">*/", opened.end())
        if closed >= at:
            best = max(best, (opened.start(), {int(n) for n in opened[1].split(b",")}), key=lambda found: found[0])
    return best[1]


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def run(program, tests, mutant=0, reached=None, limit=120.0):
    """Whether tests pass, and how long they take; None for a run over the limit."""
    environment = os.environ | {"MUTANT": str(mutant), "RUST_BACKTRACE": "0", "OMP_WAIT_POLICY": "passive"}
    if reached:
        environment["MUTANTS_REACHED"] = str(reached)
    start = time.monotonic()
    # A mutant may ask for any amount of memory.
    command = ["bash", "-c", 'ulimit -v 16000000; exec "$@"', "-", program, "--exact", "--test-threads=1", *tests]
    try:
        done = subprocess.run(command, cwd=program.parent / "tree", env=environment, capture_output=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return None, limit
    return done.returncode == 0, time.monotonic() - start


def reaching(program, names, jobs):
    """For each mutant the tests that reach it, the quickest first."""

    def one(name):
        file = program.parent / f"reached-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
        file.unlink(missing_ok=True)
        passes, took = run(program, [name], reached=file, limit=600)
        if not passes:
            raise SystemExit(f"{name} fails without a mutant, after {took:.1f} s")
        numbers = {int(line) for line in file.read_text().split()} if file.exists() else set()
        file.unlink(missing_ok=True)
        return name, took, numbers

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        found = sorted(pool.map(one, names), key=lambda each: each[1])
    tests = {}
    for name, took, numbers in found:
        for number in numbers:
            tests.setdefault(number, []).append((name, took))
    return tests


def judge(program, mutant, tests):
    """killed, timeout, survived or unreached."""
    groups, took = [[]], 0.0
    for name, time_of in tests:
        # Many quick tests in one process, then the slow ones.
        if took + time_of > 2.0 and groups[-1]:
            groups.append([])
            took = 0.0
        groups[-1].append(name)
        took += time_of
    usual = dict(tests)
    for group in groups:
        passes, _ = run(program, group, mutant, limit=20 + 10 * sum(usual[name] for name in group))
        if passes is None:
            return "timeout"
        if not passes:
            return "killed"
    return "survived" if tests else "unreached"


def report(mutants, outcomes, refused):
    folders = {}
    for number, mutant in mutants.items():
        folder = "/".join(mutant["file"].split("/")[:-1])
        folders.setdefault(folder, {}).setdefault(outcomes.get(number, "not run"), []).append(mutant)
    kinds = ["killed", "timeout", "survived", "unreached", "not run"]
    print(f"| folder | mutants | {' | '.join(kinds)} |\n|---|{'---:|' * (len(kinds) + 1)}")
    for folder, found in sorted(folders.items()):
        counts = [len(found.get(kind, [])) for kind in kinds]
        print(f"| `{folder}` | {sum(counts)} | {' | '.join(map(str, counts))} |")
    print(f"\n{refused} more do not compile.\n")
    for kind in ["survived", "unreached"]:
        for found in folders.values():
            for mutant in found.get(kind, []):
                print(f"{kind}: {mutant['file']}:{mutant['line']}: {mutant['change']}")


def arguments():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("paths", nargs="*", default=FOLDERS)
    words.add_argument("--jobs", type=int, default=os.cpu_count())
    words.add_argument("--out", type=Path, default=ROOT / "target/mutants")
    words.add_argument("--limit", type=int, help="run so many mutants only")
    words.add_argument("--torch", action="store_true", help="build with libtorch, which LIBTORCH has to name")
    words.add_argument("--list", action="store_true", help="build and list the mutants, and run none")
    return words.parse_args()


def copy(path, to):
    """Copies a file unless the same is there: cargo builds what is newer."""
    if not to.exists() or to.read_bytes() != path.read_bytes():
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)


def copied(tree):
    """Copies the project but for its sources, and gives the digest of all that a build takes."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    digest = hashlib.sha256()
    for name in filter(None, tracked.split("\0")):
        if not (ROOT / name).is_file():
            continue
        if name.startswith(("src/", "tests/", "Cargo", "configs/", "data/")):
            digest.update(name.encode() + (ROOT / name).read_bytes())
        if not name.startswith("src/"):
            copy(ROOT / name, tree / name)
    return digest


def chosen(paths, tree, torch):
    """The sources that are to be changed; the others are copied."""
    every = [path.relative_to(ROOT) for path in sorted((ROOT / "src").rglob("*")) if path.is_file()]
    files = [p for p in every if p.suffix == ".rs" and p.name != "tests.rs" and "tests" not in p.parts[1:-1]
             and any(p.is_relative_to(path.rstrip("/")) for path in paths)]  # fmt: skip
    if not torch:
        files = [path for path in files if path.name != "torch.rs"]
    for path in every:
        # The library's first file gets one more module.
        if path not in files and path != Path("src/lib.rs"):
            copy(ROOT / path, tree / path)
    return files


def outcomes_of(program, tree, mutants, kept, asked):
    """Runs the mutants that were not run before, and adds what comes out to the file."""
    outcomes = {}
    if kept.exists():
        outcomes = {line["mutant"]: line["outcome"] for line in map(json.loads, kept.read_text().splitlines())}
    listed = subprocess.run([program, "--list"], cwd=tree, capture_output=True, text=True, check=True).stdout
    names = re.findall(r"^(.*): test$", listed, re.MULTILINE)
    tests = reaching(program, names, asked.jobs)
    left = [n for n in mutants if n not in outcomes][: asked.limit]
    print(f"{len(left)} mutants to run, with {len(names)} tests", flush=True)
    with kept.open("a") as file, concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
        judged = {pool.submit(judge, program, n, tests.get(n, [])): n for n in left}
        for i, done in enumerate(concurrent.futures.as_completed(judged)):
            number = judged[done]
            outcomes[number] = done.result()
            file.write(json.dumps({"mutant": number, "outcome": outcomes[number]}) + "\n")
            file.flush()
            if (i + 1) % 50 == 0:
                print(f"{i + 1} of {len(left)}", flush=True)
    return outcomes


def main():
    asked = arguments()
    out = asked.out.resolve()
    tree = out / "tree"
    features = [] if asked.torch else ["--no-default-features"]
    if asked.torch:
        os.environ["LD_LIBRARY_PATH"] = os.environ["LIBTORCH"] + "/lib"
    else:
        Source.no_mutants += '|^#.cfg.feature = "torch"'
    digest = copied(tree)
    files = chosen(asked.paths, tree, asked.torch)
    digest.update(" ".join(map(str, [*features, *files])).encode())
    mutants, refused, program = build(files, tree, out, features)
    print(f"{len(mutants)} mutants in {len(files)} files; {refused} more do not compile", flush=True)
    if asked.list:
        for number, mutant in mutants.items():
            print(f"{number}: {mutant['file']}:{mutant['line']}: {mutant['change']}")
        return
    kept = out / f"outcomes-{digest.hexdigest()[:16]}.jsonl"
    report(mutants, outcomes_of(program, tree, mutants, kept, asked), refused)


if __name__ == "__main__":
    main()
