#!/usr/bin/env python3
"""Make the data files in tests/fixtures/data/ with SciPy, h5py and NumPy: sound ones in every type, and wrong ones.

Each sound file holds the points (i, 2 i + 1) for i = 0 … 9, whole numbers so that every type can hold them.

Needs: pip install numpy scipy h5py
"""

import struct
from pathlib import Path

import h5py
import numpy as np
import scipy.sparse
from scipy.io import savemat

OUT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "data"
POINTS = np.array([[i, 2 * i + 1] for i in range(10)], dtype=np.float64)
TYPES = "float64 float32 int8 uint8 int16 uint16 int32 uint32 int64 uint64".split()


def element(order, kind, content):
    return struct.pack(order + "II", kind, len(content)) + content + b"\0" * (-len(content) % 8)


def mat(order, array, klass, storage, code, name="xx"):
    """A MAT v5 file by hand: SciPy writes neither big-endian files nor numbers narrower than their class."""
    numbers = array.flatten(order="F").astype(code).astype(np.dtype(code).newbyteorder(order)).tobytes()
    body = element(order, 6, struct.pack(order + "II", klass, 0))
    body += element(order, 5, struct.pack(order + "ii", *array.shape))
    body += element(order, 1, name.encode())
    body += element(order, storage, numbers)
    mark = b"IM" if order == "<" else b"MI"
    return b"MATLAB 5.0 MAT-file, by hand".ljust(124) + struct.pack(order + "H", 0x0100) + mark + element(order, 14, body)


def v73(name, fill):
    """A MAT v7.3 file: HDF5 after MATLAB's header, in which the axes are reversed."""
    with h5py.File(OUT / name, "w", userblock_size=512) as file:
        fill(file)
    with (OUT / name).open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, by h5py".ljust(124) + struct.pack("<H", 0x0200) + b"IM")


def classed(dataset, name, **attributes):
    dataset.attrs["MATLAB_class"] = np.bytes_(name)
    for key, value in attributes.items():
        dataset.attrs[key] = value
    return dataset


def packed(file):
    classed(
        file.create_dataset("xx", data=POINTS.T, chunks=(1, 4), compression="gzip", shuffle=True, fletcher32=True),
        "double",
    )


def v73_mixed(file):
    """Everything that MATLAB writes beside an array of doubles."""
    turned = POINTS.T
    for kind, name in [("f4", "single"), ("u1", "uint8"), ("i2", "int16"), ("i4", "int32"), ("u8", "uint64")]:
        classed(file.create_dataset(name, data=turned.astype(kind)), name)
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_layout(h5py.h5d.COMPACT)
    space = h5py.h5s.create_simple(turned.shape)
    h5py.h5d.create(file.id, b"compact", h5py.h5t.IEEE_F64LE, space, plan).write(space, space, turned.copy())
    classed(file["compact"], "double")
    classed(file.create_dataset("logical", data=(turned > 3).astype("u1")), "logical", MATLAB_int_decode=np.int32(1))
    classed(file.create_dataset("text", data=np.array([[104], [105]], "u2")), "char", MATLAB_int_decode=np.int32(2))
    classed(file.create_dataset("empty", data=np.array([0, 0], "u8")), "double", MATLAB_empty=np.uint8(1))
    both = np.zeros(turned.shape, [("real", "f8"), ("imag", "f8")])
    both["real"] = turned
    classed(file.create_dataset("complex", data=both), "double")
    struct_ = classed(file.create_group("struct"), "struct")
    classed(struct_.create_dataset("xx", data=turned), "double")
    classed(classed(struct_.create_group("in"), "struct").create_dataset("n", data=np.array([[3.0]])), "double")
    hidden = file.create_group("#refs#")
    cell = classed(file.create_dataset("cell", (1, 1), dtype=h5py.ref_dtype), "cell")
    cell[0, 0] = classed(hidden.create_dataset("a", data=turned), "double").ref
    sparse = classed(file.create_group("sparse"), "double", MATLAB_sparse=np.uint64(10))
    for name in ["data", "ir", "jc"]:
        sparse.create_dataset(name, data=np.arange(3.0))
    classed(file.create_dataset("cube", data=np.zeros((2, 2, 2))), "double")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for name in TYPES:
        array = POINTS.astype(name)
        savemat(OUT / f"{name}.mat", {"xx": array}, do_compression=name.startswith("float"))
        np.save(OUT / f"{name}.npy", array)
    savemat(OUT / "wide.mat", {"xx": POINTS.T})
    np.save(OUT / "wide.npy", POINTS.T)
    np.save(OUT / "fortran.npy", np.asfortranarray(POINTS))
    np.save(OUT / "big-endian.npy", POINTS.astype(">f8"))
    (OUT / "big-endian.mat").write_bytes(mat(">", POINTS, 6, 9, "f8"))
    (OUT / "big-endian-int16.mat").write_bytes(mat(">", POINTS, 10, 3, "i2"))
    # Whole numbers of class double, as MATLAB stores them: in the narrowest type.
    for storage, code in ((1, "i1"), (2, "u1"), (3, "i2"), (4, "u2"), (5, "i4"), (6, "u4")):
        (OUT / f"double-as-{code}.mat").write_bytes(mat("<", POINTS, 6, storage, code))

    # Several variables, with everything that is no array of points among them.
    cell = np.empty((1, 2), dtype=object)
    cell[0, 0], cell[0, 1] = "text", np.arange(3.0)
    savemat(
        OUT / "mixed.mat",
        {
            "cell": cell,
            "text": "some words",
            "complex": POINTS + 1j,
            "struct": {"field": 1.0},
            "sparse": scipy.sparse.eye(3),
            "logical": POINTS > 3,
            "three": np.arange(30.0).reshape(10, 3),
            "cube": np.zeros((2, 2, 2)),
            "empty": np.zeros((0, 2)),
            "xx": POINTS,
        },
        do_compression=True,
    )
    for name, value in (("nan", np.nan), ("inf", -np.inf)):
        bad = POINTS.copy()
        bad[6, 1] = value
        savemat(OUT / f"{name}.mat", {"xx": bad})
        np.save(OUT / f"{name}.npy", bad)
    np.save(OUT / "three.npy", np.arange(30.0).reshape(10, 3))
    np.save(OUT / "complex.npy", POINTS + 1j)
    v73("v73.mat", lambda file: file.create_dataset("xx", data=POINTS.T))
    v73("v73-packed.mat", packed)
    v73("v73-mixed.mat", v73_mixed)
    with h5py.File(OUT / "plain.h5", "w") as file:
        file.create_dataset("points", data=POINTS)


if __name__ == "__main__":
    main()
