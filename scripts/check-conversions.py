#!/usr/bin/env python3
"""Do what gan-lab's refusals of other formats say, and see that it then reads the points.

usage: check-conversions.py GAN-LAB     writes into a temporary folder; exit 0 when every line works
Needs: pip install numpy pandas openpyxl pyarrow odfpy lxml scipy; and bzip2, xz, unzip, sqlite3
"""

import bz2
import json
import lzma
import os
import pickle
import re
import sqlite3
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import pandas as pd
import scipy.io
import scipy.sparse

POINTS = np.round(np.random.default_rng(1).normal(size=(150, 2)), 6)
TABLE = pd.DataFrame(POINTS, columns=["x", "y"])
ROWS = POINTS.tolist()
# A folder that a shell takes apart if it is not quoted.
FOLDER = "it's \"$HOME\" in"
COMMANDS = re.compile(r"(python3|unzip|xz|bzip2|sqlite3) ")


def feature(row):
    return {"type": "Feature", "properties": {}, "geometry": row and {"type": "Point", "coordinates": [*row, 3.0]}}


def database(path):
    base = sqlite3.connect(path)
    base.execute("create table points (x real, y real)")
    base.executemany("insert into points values (?, ?)", ROWS)
    base.commit()


def archive(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("inside it.csv", TABLE.to_csv(index=False))


def packed(module):
    return lambda path: module.open(path, "wt").write(TABLE.to_csv(index=False))


def text(content):
    return lambda path: open(path, "w").write(content)


FILES = {
    "a b.parquet": TABLE.to_parquet,
    "a 'b'.feather": TABLE.to_feather,
    "book.xlsx": lambda path: TABLE.to_excel(path, index=False),
    "no heading.xlsx": lambda path: pd.DataFrame(POINTS).to_excel(path, index=False, header=False),
    "sheet.ods": lambda path: TABLE.to_excel(path, index=False, engine="odf"),
    "records.json": lambda path: TABLE.to_json(path, orient="records"),
    "columns.json": text(json.dumps({"x": list(POINTS[:, 0]), "y": list(POINTS[:, 1])})),
    "rows.json": text(json.dumps(ROWS)),
    "lines.jsonl": lambda path: TABLE.to_json(path, orient="records", lines=True),
    "row lines.jsonl": text("\n".join(map(json.dumps, ROWS))),
    "map.geojson": text(json.dumps({"type": "FeatureCollection", "features": [*map(feature, ROWS), feature(None)]})),
    "array.pkl": lambda path: pickle.dump(POINTS, open(path, "wb")),
    "frame.pkl": lambda path: pickle.dump(TABLE, open(path, "wb")),
    "dense.mtx": lambda path: scipy.io.mmwrite(path, POINTS),
    "sparse.mtx": lambda path: scipy.io.mmwrite(path, scipy.sparse.coo_matrix(POINTS)),
    "table.csv.xz": packed(lzma),
    "other.bz2": packed(bz2),
    "table.xml": lambda path: TABLE.to_xml(path, index=False),
    "base.db": database,
    "archive.zip": archive,
}


def problem(program, name):
    """What is wrong with the line for a file, or nothing."""
    path = os.path.join(FOLDER, name)
    FILES[name](path)
    original, before = open(path, "rb").read(), set(os.listdir("."))
    said = subprocess.run([program, "data", "inspect", path], capture_output=True, text=True).stderr
    line = next((line.strip() for line in said.splitlines() if COMMANDS.match(line.strip())), None)
    if line is None:
        return f"no line: {said}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    new = sorted(set(os.listdir(".")) - before)
    if done.returncode or len(new) != 1:
        return f"{line}: {done.stderr[-300:]} {new}"
    if open(path, "rb").read() != original:
        return f"{line}: the file was changed"
    found = subprocess.run([program, "data", "inspect", new[0], "--json"], capture_output=True, text=True)
    table = json.loads(found.stdout)["variables"][0] if found.returncode == 0 else {}
    ends = [POINTS.min(), POINTS.max()]
    right = 150 in table.get("shape", []) and np.allclose(table["range"], ends, atol=1e-6)
    return None if right else f"{line}: read as {table} {found.stderr}"


def main():
    program = os.path.abspath(sys.argv[1])
    os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
    os.chdir(tempfile.mkdtemp())
    os.mkdir(FOLDER)
    wrong = 0
    for name in FILES:
        found = problem(program, name)
        wrong += found is not None
        print(f"{'ok   ' if found is None else 'WRONG'} {name} {found or ''}".rstrip())
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
