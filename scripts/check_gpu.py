#!/usr/bin/env python3
"""Run gan-lab's kinds of work on a GPU, and hold each against the same on the CPU and against itself.

    python3 scripts/check_gpu.py PROGRAM [--device cuda] [--out FOLDER] [--only points,progan,sefa,errors]

For training (points with several objectives, a ProGAN): the same seed twice must leave the same bytes, and so must a
run that is stopped and resumed. Beside the CPU the numbers differ by rounding, and training makes small differences
grow: how far they are apart after the first steps is said, and may not be much. For SeFa: the same directions as on
the CPU, pictures within a few of 255 steps. Times are said, not checked.

Needs: a GPU with a libtorch that has CUDA; Python with numpy and safetensors. scripts/test.sh does not run it.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

ROOT = Path(__file__).resolve().parent.parent
POINTS = {
    "gan": ["gan"],
    "wgan": ["wgan"],
    "wgan-gp": ["wgan-gp"],
    "best": ["--preset", "best"],
    "r3gan": ["--preset", "r3gan"],
    "hinge-sn": ["--preset", "hinge-sn"],
    "pacgan2": ["--preset", "pacgan2"],
    "tanh, unrolled": ["gan", "--activation", "tanh", "--unroll", "2"],
    "extragradient": ["gan", "--optim", "extra-adam"],
}
FAILED = []


def say(*words):
    print(*words, flush=True)


def expect(holds, words):
    say(f"  {'ok  ' if holds else 'FAIL'} {words}")
    if not holds:
        FAILED.append(words)


def run(args, *command, code=0):
    """Runs the program; returns its seconds and what it wrote."""
    start = time.perf_counter()
    done = subprocess.run([args.program, *map(str, command)], capture_output=True, text=True, cwd=args.out, timeout=500)
    seconds = time.perf_counter() - start
    if done.returncode != code:
        words = " ".join(map(str, command))
        expect(False, f"{words}: exit {done.returncode}, not {code}: {done.stderr.strip()[-600:]}")
    return seconds, done.stdout + done.stderr


def contents(folder):
    """A run's files, without what tells the time or the device."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or path.name == "run.json":
            continue
        data = path.read_bytes()
        if path.suffix == ".jsonl":
            records = [json.loads(line) for line in data.splitlines()]
            data = repr([{k: v for k, v in r.items() if "seconds" not in k} for r in records]).encode()
        found[str(path.relative_to(folder))] = data
    return found


def same(args, one, other, words):
    one, other = contents(args.out / one), contents(args.out / other)
    differing = [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]
    expect(bool(one) and not differing, f"{words}: the same bytes{f'; these differ: {differing}' if differing else ''}")


def records(args, name):
    return [json.loads(line) for line in (args.out / name / "metrics.jsonl").read_text().splitlines()]


def stopped(args, name, *command):
    """Begins a run, stops it after its first record, and goes on from there."""
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([args.program, *map(str, command)], cwd=args.out, **silent)
    file = args.out / name / "metrics.jsonl"
    done = lambda: file.read_bytes().count(b"\n") if file.exists() else 0
    while process.poll() is None and not done():
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    process.wait()
    say(f"  stopped with exit {process.returncode} after {done()} records")
    run(args, *command, "--resume")


def apart(one, other):
    """By how much two sets of arrays differ at most, relative to each one's largest number, and in which array."""
    scale = lambda x: max(1e-3, np.abs(x).max())
    found = {k: float(np.abs(one[k].astype(float) - x).max() / scale(x)) for k, x in other.items() if x.size}
    return max((by, name) for name, by in found.items())


def points(args):
    for name, options in POINTS.items():
        say(name)
        out = name.replace(", ", "-")
        common = ["train", *options, "--data", ROOT / "data" / "points.mat", "--quiet"]
        long = [*common, "--epochs", 4, "--device", args.device]
        seconds, _ = run(args, *long, "--out", f"{out}-a")
        run(args, *long, "--out", f"{out}-b")
        same(args, f"{out}-a", f"{out}-b", "twice")
        stopped(args, f"{out}-c", *long, "--out", f"{out}-c")
        same(args, f"{out}-a", f"{out}-c", "stopped and resumed")
        # The first iterations, before differences grow.
        for place, more in (("gpu", ["--device", args.device]), ("cpu", ["--engine", "torch"])):
            trace = ["--epochs", 1, "--trace", f"{out}-{place}.safetensors"]
            run(args, *common, *trace, *more, "--out", f"{out}-{place}")
        try:
            traces = [load_file(args.out / f"{out}-{place}.safetensors") for place in ("gpu", "cpu")]
        except OSError as error:
            expect(False, f"no traces to compare: {error}")
            continue
        by, where = apart(*traces)
        # Through unrolled steps of an optimiser that divides by its gradients' size, small differences grow.
        most = 0.05 if "unroll" in name else 1e-3
        expect(by < most, f"first three iterations beside the CPU: at most {by:.1e} apart ({where})")
        for place in ("gpu", "cpu"):
            record = records(args, f"{out}-{place}")[-1]
            say(f"  after one epoch, {place}: d_loss {record['d_loss']:.4f}, g_loss {record['g_loss']:.4f}")
        say(f"  {seconds:.1f} s for 4 epochs, frames and metrics included")


def images(args):
    """64 x 64 pictures with something at every scale."""
    generator = np.random.default_rng(0)
    coarse = generator.uniform(0, 180, (256, 8, 8, 3)).repeat(8, 1).repeat(8, 2)
    np.save(args.out / "images.npy", (coarse + generator.uniform(0, 70, (256, 64, 64, 3))).astype(np.uint8))


def progan(args):
    images(args)
    common = ["train", "progan", "--data", "images.npy", "--resolution", 64, "--fmaps-base", 2048, "--fmaps-max", 128,
              "--batch-size", 16, "--quiet"]
    whole = ["--kimg-per-phase", 0.512, "--final-kimg", 2.048, "--record-kimg", 0.512]
    for precision in ("float32", "bfloat16"):
        for loss in ("logistic-r1", "wgan-gp"):
            say(f"ProGAN, {loss}, {precision}")
            out = f"progan-{loss}-{precision}"
            long = [*common, *whole, "--loss", loss, "--precision", precision, "--device", args.device]
            seconds, _ = run(args, *long, "--out", f"{out}-a")
            run(args, *long, "--out", f"{out}-b")
            same(args, f"{out}-a", f"{out}-b", "twice")
            stopped(args, f"{out}-c", *long, "--out", f"{out}-c")
            same(args, f"{out}-a", f"{out}-c", "stopped and resumed")
            say(f"  {seconds:.1f} s for {records(args, f'{out}-a')[-1]['images']} images")
    brief = ["--kimg-per-phase", 0.016, "--final-kimg", 0.016, "--record-kimg", 0.016]
    short = [*common, *brief, "--precision", "float32"]
    run(args, *short, "--device", args.device, "--out", "progan-gpu")
    run(args, *short, "--out", "progan-cpu")
    losses = [[record["d_loss"] for record in records(args, f"progan-{place}")] for place in ("gpu", "cpu")]
    by = max(abs(gpu - cpu) / max(1, abs(cpu)) for gpu, cpu in zip(*losses))
    expect(by < 0.02, f"losses of the first images beside the CPU: at most {by:.1e} apart")


def stylegan2(path):
    """Writes a StyleGAN2 of 256 x 256 with random weights, if PyTorch is there to draw them."""
    try:
        import layout_fixtures as layouts
    except ImportError:
        say("PyTorch is missing: no StyleGAN2 is drawn")
        return False
    layouts.SIDES = [4, 8, 16, 32, 64, 128, 256]
    layouts.WIDTHS = [512, 512, 512, 512, 512, 256, 128]
    layouts.Z = layouts.W = layouts.HIDDEN = 512
    layouts.LEVELS = len(layouts.SIDES)
    net = layouts.Style2()
    # So that the sum of all levels lies in the range of a picture's values.
    for image in net.images:
        image["weight"] *= 0.1
    layouts.save_file(layouts.contiguous(net.nvidia()), path)
    return True


def sefa(args):
    jobs = {"ProGAN": ["--checkpoint", ROOT / "data" / "models" / "pggan_faces64.safetensors"]}
    if stylegan2(args.out / "stylegan2.safetensors"):
        jobs["StyleGAN2"] = ["--checkpoint", "stylegan2.safetensors", "--layers", "all"]
    for name, options in jobs.items():
        say(f"SeFa, {name}")
        times = {}
        for place, device in (("gpu", args.device), ("again", args.device), ("cpu", "cpu")):
            job = [*options, "--seed", 0, "--n", 4, "--k", 3, "--traits", "none", "--out", f"{place}/{name}"]
            times[place], _ = run(args, "sefa", *job, "--device", device)
        folders = [args.out / place / name for place in ("gpu", "again", "cpu")]
        files = [{str(p.relative_to(f)) for p in f.rglob("*") if p.is_file()} for f in folders]
        expect(files[0] == files[2] and bool(files[0]), f"the same {len(files[0])} files as on the CPU")
        pictures = sorted(n for n in files[0] if n.endswith(".png"))
        again = all((folders[0] / n).read_bytes() == (folders[1] / n).read_bytes() for n in pictures)
        expect(again, f"twice: the same bytes in {len(pictures)} pictures")
        try:
            from PIL import Image
        except ImportError:
            say("  Pillow is missing: pictures are not compared with the CPU's")
        else:
            read = lambda folder, name: np.asarray(Image.open(folder / name).convert("RGB")).astype(int)
            by = np.concatenate([np.abs(read(folders[0], n) - read(folders[2], n)).ravel() for n in pictures])
            words = f"at most {by.max()} of 255 apart, {np.mean(by > 0):.2%} of the values differ"
            expect(by.max() <= 3, f"pictures beside the CPU: {words}")
        for file in sorted(n for n in files[0] if n.endswith(".npy")):
            by = np.abs(np.load(folders[0] / file) - np.load(folders[2] / file)).max()
            expect(by <= 1e-4, f"{file} beside the CPU: at most {by:.1e} apart")
        say(f"  {times['gpu']:.1f} s (again {times['again']:.1f} s), on the CPU {times['cpu']:.1f} s")


def errors(args):
    say("errors")
    images(args)
    for command, code in (
        (["train", "gan", "--device", "cuda:77", "--out", "none"], 1),
        (["train", "progan", "--data", "images.npy", "--device", "cuda:77", "--out", "none"], 1),
        (["sefa", "--device", "cuda:77", "--out", "none"], 1),
        (["train", "gan", "--engine", "fused", "--device", args.device, "--out", "none"], 2),
    ):
        _, text = run(args, *command, code=code)
        say("   ", text.strip().replace("\n", "\n    "))
        expect(not (args.out / "none").exists(), f"nothing is written by {' '.join(map(str, command[:2]))}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=lambda path: str(Path(path).resolve()))
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", default="points,progan,sefa,errors")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        args.out = (args.out or Path(folder)).resolve()
        args.out.mkdir(parents=True, exist_ok=True)
        say(run(args, "doctor")[1])
        for part in args.only.split(","):
            start = time.perf_counter()
            {"points": points, "progan": progan, "sefa": sefa, "errors": errors}[part](args)
            say(f"{part} took {time.perf_counter() - start:.0f} s\n")
    say(f"{len(FAILED)} checks failed" + "".join(f"\n  {words}" for words in FAILED))
    sys.exit(bool(FAILED))


if __name__ == "__main__":
    main()
