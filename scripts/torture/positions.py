"""How far a run's state is, and how far its records are."""

import json
import pathlib
import struct


def tensors(path):
    """A safetensors file: name to (type, shape, bytes)."""
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    body = content[8 + length :]
    return {
        name: (entry["dtype"], entry["shape"], body[entry["data_offsets"][0] : entry["data_offsets"][1]])
        for name, entry in header.items()
        if name != "__metadata__"
    }


def records(folder):
    """How many records all runs below have together."""
    return sum(len(path.read_bytes().splitlines()) for path in pathlib.Path(folder).rglob("metrics.jsonl"))


def behind(folder):
    """How many records of the runs below are newer than their states; None where no run has recorded anything."""
    total, begun = 0, False
    for metrics in sorted(pathlib.Path(folder).rglob("metrics.jsonl")):
        lines = [json.loads(line) for line in metrics.read_text().splitlines() if line]
        if not lines:
            continue
        begun = True
        state = metrics.parent / "state.safetensors"
        if not state.is_file():
            total += len(lines)
            continue
        held = tensors(state)
        for position, key in (("progress.epoch", "epoch"), ("progress.images", "images")):
            if position in held and key in lines[-1]:
                at = struct.unpack("<q", held[position][2])[0]
                total += sum(line[key] > at for line in lines)
    return total if begun else None
