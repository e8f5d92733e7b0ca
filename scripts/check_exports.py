"""Makes small runs in the current folder, exports them, and reads them back. Called by check-exports.sh.

    python check_exports.py /path/to/gan-lab
"""

import io
import json
import os
import signal
import struct
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd

os.environ.setdefault("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "upb")
from tensorboard import program  # noqa: E402
from tensorboard.backend.event_processing import event_accumulator  # noqa: E402
from tensorboard.plugins.custom_scalar import layout_pb2  # noqa: E402

PROGRAM = sys.argv[1]
SMALL = "--train-size 200 --batch-size 40 --threads 1".split()
# Seconds that something may take that is waited for.
PATIENCE = 120
ODD = 'it\'s <b>a | "run" #1 %A [x]'

# The names that docs/EXPORT.md promises.
TAGS = {
    "d_loss": "loss/discriminator",
    "g_loss": "loss/generator",
    "sliced_w2": "distance/sliced_w2",
    "mode_tv": "distance/mode_tv",
    "generator_sliced_w2": "distance/generator_sliced_w2",
    "generator_mode_tv": "distance/generator_mode_tv",
    "coverage": "coverage/coverage",
    "generator_coverage": "coverage/generator_coverage",
    "iteration": "progress/iteration",
    "seconds": "progress/seconds",
    "side": "progress/side",
    "alpha": "progress/alpha",
    "clip_idle": "idle/clip",
    "penalty_idle": "idle/penalty",
    "clip_share": "clip/share",
}
GROUPS = ["train", "held_out", "generated"]


def gan_lab(*words, code=0):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True)
    assert done.returncode == code, (words, done.returncode, done.stderr)
    return done.stdout


def wait_for(what, condition):
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.05)
    return found


def records(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def single(value):
    return float(np.float32(value))


def scores(run):
    """By epoch, what follows from the recorded scores: their means and the share above 0."""
    if not (run / "scores.npy").exists():
        return {}
    found = {}
    for epoch, of in zip(json.loads((run / "frames.json").read_text()), np.load(run / "scores.npy").astype(float)):
        row = {}
        for name, values in zip(GROUPS, of):
            row[f"scores_{name}"] = values.mean()
            row[f"signs_{name}"] = (values > 0).mean()
        found[epoch] = row
    return found


def expected(run):
    """Each tag's steps and values, from the run's own files."""
    floors = json.loads((run / "floor.json").read_text()) if (run / "floor.json").exists() else {}
    more = scores(run)
    tags = {}
    for record in records(run):
        step = record.get("epoch", record.get("images"))
        numbers = {key: value for key, value in record.items() if key not in ("epoch", "images", "sample")}
        for key, value in numbers.items():
            tags.setdefault(TAGS[key], []).append((step, single(value)))
        for key, value in more.get(step, {}).items():
            tags.setdefault(key.replace("_", "/", 1), []).append((step, single(value)))
        for key in ("sliced_w2", "mode_tv", "coverage"):
            if key in record and floors.get(key):
                mean, deviation = floors[key]["mean"], floors[key].get("deviation") or 0.0
                for part, level in (("", mean), ("_low", mean - deviation), ("_high", mean + deviation)):
                    tags.setdefault(f"floor/{key}{part}", []).append((step, single(level)))
    return tags


def close(found, wanted):
    same_steps = [step for step, _ in found] == [step for step, _ in wanted]
    # The means of scores may be added up in another order.
    return same_steps and np.allclose([v for _, v in found], [v for _, v in wanted], rtol=3e-6, atol=1e-7)


def pictures(run):
    """The steps of the pictures: ten at most, the last among them."""
    if (run / "frames.json").exists():
        steps = json.loads((run / "frames.json").read_text())
    else:
        steps = [record["images"] for record in records(run)]
    if len(steps) <= 10:
        return steps
    return [steps[(2 * i * (len(steps) - 1) + 9) // 18] for i in range(10)]


def check_accumulator(run, folder):
    """TensorBoard's own reader of one folder."""
    files = [path for path in folder.iterdir() if "tfevents" in path.name]
    assert len(files) == 1, files
    events = event_accumulator.EventAccumulator(
        str(folder), size_guidance={event_accumulator.SCALARS: 0, event_accumulator.IMAGES: 0}
    )
    events.Reload()
    wanted = expected(run)
    tags = events.Tags()
    assert set(tags["scalars"]) == set(wanted), set(tags["scalars"]) ^ set(wanted)
    for tag, values in wanted.items():
        found = [(event.step, event.value) for event in events.Scalars(tag)]
        assert close(found, values), (run, tag, found[:3], values[:3])
    begun = events.FirstEventTimestamp()
    losses = events.Scalars("loss/generator") if wanted else []
    for event, record in zip(losses, records(run)):
        assert abs(event.wall_time - begun - record["seconds"]) < 1e-5, (event, record)
    images = [tag for tag in tags["images"]]
    assert images == (["frames/points" if (run / "frames.json").exists() else "frames/samples"] if pictures(run) else [])
    for tag in images:
        found = events.Images(tag)
        assert [event.step for event in found] == pictures(run), (run, [event.step for event in found])
        for event in found:
            png = event.encoded_image_string
            assert png[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", png[16:24]) == (event.width, event.height)
    return events


class Server:
    """TensorBoard, with its data server, over a folder of runs."""

    def __init__(self, logdir):
        self.board = program.TensorBoard()
        self.board.configure(
            argv=[None, "--logdir", str(logdir), "--port", "0", "--reload_interval", "1", "--load_fast", "true"]
        )
        self.url = self.board.launch()

    def get(self, path, body=None, **query):
        url = f"{self.url}data/plugin/{path}"
        if query:
            url += "?" + urllib.parse.urlencode(query)
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    def scalars(self, run, tag):
        """Of runs that it does not know yet there is nothing."""
        try:
            return [(step, value) for _, step, value in self.get("scalars/scalars", run=run, tag=tag)]
        except urllib.error.HTTPError as error:
            assert error.code in (400, 404), error
            return []

    def has(self, run, folder):
        tags = expected(run)
        return all(close(self.scalars(folder, tag), values) for tag, values in tags.items())


def flat(config, key=""):
    if isinstance(config, dict):
        for name, value in config.items():
            yield from flat(value, f"{key}.{name}" if key else name)
    elif config is not None:
        yield key, config


def check_server(runs):
    """`runs`: each folder's name in logdir, the run, and how it ended."""
    server = Server("logdir")
    for folder, (run, _) in runs.items():
        wait_for(f"{folder} in TensorBoard", lambda run=run, folder=folder: server.has(run, folder))
    groups = server.get(
        "hparams/session_groups",
        {
            "experimentName": "",
            "allowedStatuses": ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"],
            "colParams": [],
            "startIndex": 0,
            "sliceSize": 100,
        },
    )["sessionGroups"]
    sessions = {session["name"]: (group, session) for group in groups for session in group["sessions"]}
    assert set(sessions) == set(runs), set(sessions) ^ set(runs)
    for folder, (run, status) in runs.items():
        group, session = sessions[folder]
        assert session.get("status", "STATUS_UNKNOWN") == status, (folder, session)
        wanted = dict(flat(json.loads((run / "config.json").read_text())))
        for key, value in wanted.items():
            if isinstance(value, list):
                assert key in group["hparams"] or len(group["sessions"]) > 1, key
            elif len(group["sessions"]) == 1:
                assert group["hparams"][key] == value, (folder, key, group["hparams"].get(key), value)
        text = server.get("text/text", run=folder, tag="run/settings")
        assert "<table>" in text[0]["text"], text
        assert "<b>a" not in text[0]["text"], text
        assert "config.json" in server.get("text/text", run=folder, tag="run/repeat")[0]["text"]
    assert sessions["seed0"][0]["name"] == sessions["seed1"][0]["name"], "two seeds are one group"
    assert sessions["seed0"][0]["name"] != sessions["wgan"][0]["name"]
    layout = server.get("custom_scalars/layout")
    titles = [chart["title"] for category in layout["category"] for chart in category["chart"]]
    assert "losses" in titles and "sliced_w2 over its floor" in titles, titles
    images = server.get("images/images", run="seed0", tag="frames/points", sample=0)
    assert [image["step"] for image in images] == pictures(runs["seed0"][0]), images
    for image in images:
        url = f"{server.url}data/plugin/images/individualImage?{image['query']}"
        with urllib.request.urlopen(url) as answer:
            assert answer.read(8) == b"\x89PNG\r\n\x1a\n", image
    return server


def check_tables(run, out, name):
    table = pd.read_csv(out / name / "records.csv")
    rows, more = records(run), scores(run)
    floors = json.loads((run / "floor.json").read_text()) if (run / "floor.json").exists() else {}
    assert len(table) == len(rows)
    if len(rows):
        assert (table["run"] == name).all()
    for i, record in enumerate(rows):
        for key, value in {**record, **more.get(record.get("epoch"), {})}.items():
            if key != "sample":
                assert np.isclose(table[key][i], value, rtol=1e-6 if "_" in key and key.split("_")[0] in ("scores", "signs") else 0, atol=0), (key, i)
        for key in ("sliced_w2", "mode_tv", "coverage"):
            if key not in record and key in table:
                assert np.isnan(table[key][i])
            if key in record and key in floors:
                assert table[f"{key}_floor"][i] == floors[key]["mean"]
    archive = np.load(out / f"{name}.npz")
    config = json.loads(archive["config"].item())
    assert config == json.loads((run / "config.json").read_text())
    for key in {key for record in rows for key in record} - {"sample"}:
        wanted = np.array([record.get(key, np.nan) for record in rows], float)
        assert np.array_equal(archive[f"metrics/{key}"].astype(float), wanted, equal_nan=True), key
    if not (run / "frames.json").exists():
        return
    epochs = json.loads((run / "frames.json").read_text())
    samples = np.load(run / "samples.npy")
    assert np.array_equal(archive["frames"], epochs)
    for array in ["real", "noise", "samples", "field", "lattice", "forces", "scores", "slopes", "weights"]:
        if not (run / f"{array}.npy").exists():
            assert array not in archive, array
            continue
        wanted = np.load(run / f"{array}.npy")
        assert archive[array].dtype == wanted.dtype and np.array_equal(archive[array], wanted), array
    frames = pd.read_csv(out / name / "frames.csv")
    assert len(frames) == samples.shape[0] * samples.shape[1]
    assert list(frames["epoch"].unique()) == epochs
    assert np.array_equal(frames[["x", "y"]].to_numpy().astype(samples.dtype), samples.reshape(-1, 2))
    assert np.array_equal(frames["index"], np.tile(np.arange(samples.shape[1]), samples.shape[0]))
    real = pd.read_csv(out / name / "real.csv")
    kept = np.load(run / "real.npy")
    assert np.array_equal(real[["x", "y"]].to_numpy().astype(kept.dtype), kept)


def squares():
    """40 images of a bright square on black, as an IDX file."""
    images = np.full((40, 8, 8), 10, np.uint8)
    for i in range(40):
        images[i, i // 5 % 5 : i // 5 % 5 + 3, i % 5 : i % 5 + 3] = 230
    Path("squares.idx").write_bytes(struct.pack(">IIII", 0x803, 40, 8, 8) + images.tobytes())


def train(*words, code=0):
    gan_lab("train", *words, "--data", "data.npy", *SMALL, code=code)


def killed_and_resumed(live):
    """A run that is killed in the middle of an epoch, with a TensorBoard open on it, and goes on."""
    command = [PROGRAM, "train", "wgan", "--data", "data.npy", *SMALL, "--epochs", "3000", "--frame-every", "7"]
    command += ["--out", "runs/killed", "--tensorboard", live]
    run = Path("runs/killed")
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    metrics = run / "metrics.jsonl"
    wait_for("records", lambda: metrics.exists() and len(metrics.read_bytes().splitlines()) > 300)
    # TensorBoard reads the file while it grows.
    server = Server(live)
    wait_for("scalars", lambda: server.scalars("killed", "loss/generator"))
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL, "the run was over before it could be killed"
    first = [path.name for path in Path(live, "killed").iterdir()]
    gan_lab("train", "--resume", "--out", "runs/killed", "--tensorboard", live)
    assert [path.name for path in Path(live, "killed").iterdir()] != first, "an open TensorBoard sees new names only"
    # It keeps a thousand of more scalars, the last among them; the others must be right, and none there twice.
    wanted = dict(expected(run)["loss/generator"])

    def whole():
        found = server.scalars("killed", "loss/generator")
        return found and found[-1][0] == 3000 and found

    found = wait_for("the resumed run's end", whole)
    assert len({step for step, _ in found}) == len(found) and [step for step, _ in found] == sorted(dict(found))
    assert all(wanted[step] == value for step, value in found), "values of before the kill stayed"
    check_accumulator(run, Path(live, "killed"))
    gan_lab("export", "runs/killed", "--to", "tensorboard", "--out", "again")
    [one], [other] = (list(Path(folder, "killed").iterdir()) for folder in (live, "again"))
    assert one.read_bytes() == other.read_bytes(), "training and exporting differ"


def main():
    gan_lab("data", "make", "ring8", "--points", "300", "--out", "data.mat")
    gan_lab("data", "make", "moons", "--points", "300", "--out", "data.npy")
    squares()
    for seed in ("0", "1"):
        law = ["--data", "data.mat", *SMALL, "--epochs", "24", "--frame-every", "2", "--seed", seed]
        gan_lab("train", "gan", *law, "--out", f"runs/seed{seed}")
    train("wgan", "--epochs", "5", "--out", "runs/wgan", "--clip", "1e3")
    train("gan", "--epochs", "30", "--ema", "1000", "--out", "runs/averaged")
    train("gan", "--epochs", "4", "--eval-every", "0", "--out", "runs/unmeasured")
    train("wgan-gp", "--epochs", "40", "--frame-every", "3", "--stop-when", "sliced-w2 > 0", "--out", "runs/ended")
    train("gan", "--epochs", "3", "--out", f"runs/{ODD}")
    for lr, name in (("0.3", "diverged"), ("1e30", "diverged-at-once")):
        train("wgan-gp", "--epochs", "500", "--lr", lr, "--optim", "sgd", "--out", f"runs/{name}", code=1)
    done = {"STATUS_SUCCESS": ["seed0", "seed1", "wgan", "averaged", "unmeasured", "ended", ODD]}
    progan = subprocess.run(
        [PROGRAM, "train", "progan", "--data", "squares.idx", "--resolution", "8", "--latent-dim", "4"]
        + "--fmaps-base 32 --fmaps-max 6 --batch-size 8 --kimg-per-phase 0.08 --final-kimg 0.48".split()
        + "--record-kimg 0.04 --threads 1 --out runs/progan --tensorboard live".split(),
        capture_output=True,
        text=True,
    )
    if progan.returncode == 0:
        done["STATUS_SUCCESS"].append("progan")
    else:
        assert "without libtorch" in progan.stderr, progan.stderr
        print("no ProGAN run: this gan-lab has no libtorch", file=sys.stderr)
    done["STATUS_FAILURE"] = ["diverged", "diverged-at-once"]
    runs = {name: (Path("runs") / name, status) for status, names in done.items() for name in names}
    for _ in range(2):
        # The second time all is there already.
        gan_lab("export", "runs", "--to", "tensorboard", "--out", "logdir")
    gan_lab("export", "runs", "--to", "csv,npz", "--out", "tables")
    for name, (run, _) in runs.items():
        check_accumulator(run, Path("logdir") / name)
        check_tables(run, Path("tables"), name)
        print(f"{name}: {len(records(run))} records, {len(pictures(run))} pictures", file=sys.stderr)
    check_server(runs)
    if progan.returncode == 0:
        [one], [other] = (list(Path(folder, "progan").iterdir()) for folder in ("live", "logdir"))
        assert one.read_bytes() == other.read_bytes(), "training and exporting differ"
    killed_and_resumed("live")
    print("every number was read back", file=sys.stderr)


main()
