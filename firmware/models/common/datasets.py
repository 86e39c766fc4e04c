"""CIFAR-10 and GTSRB: a folder in, uint8 images (n, 32, 32, 3) and labels (n,) out.

Each set is read in the forms in which people have it; `load` finds out which one a folder holds.

CIFAR-10  binary batches   data_batch_1.bin .. data_batch_5.bin, test_batch.bin (or in cifar-10-batches-bin/)
          python pickles   data_batch_1 .. data_batch_5, test_batch (or in cifar-10-batches-py/)
GTSRB     folder tree      Final_Training/Images/000xx/*.ppm with GT-000xx.csv; Final_Test/Images/*.ppm with
                           GT-final_test.csv there or up to two folders above (all of it, too, in GTSRB/)
both      packed           NAME_train_*.npz: `blob` (JPEG or WebP files end to end), `offset`, `label`;
                           NAME_test_*.npz: `images`, `labels`

GTSRB's photographs have 15 to 250 pixels a side and a border of about a tenth of the sign. The whole photograph is
scaled to 32 x 32 (bilinear with area weighting, aspect ratio not kept); the Roi columns of the CSV are not applied,
because the packed form was made of whole photographs too.
"""

import csv
import io
import pathlib
import pickle
import zipfile

import numpy as np
from PIL import Image

SIDE = 32
CLASSES = {"cifar10": 10, "gtsrb": 43}
PARTS = ("train", "test")


class DataError(Exception):
    """One line for the user: which file, and what is wrong with it."""


def load(name, part, folder):
    """Images and labels of one part ("train" or "test") of one set."""
    if name not in CLASSES or part not in PARTS:
        raise DataError(f"{name} {part}: known sets are {', '.join(CLASSES)}, known parts {', '.join(PARTS)}")
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    packed = sorted(folder.glob(f"{name}_{part}_*.npz"))
    if len(packed) > 1:
        raise DataError(f"{folder}: {len(packed)} files match {name}_{part}_*.npz; keep one")
    if packed:
        images, labels = read_packed(packed[0])
    elif name == "cifar10":
        images, labels = read_cifar10(folder, part)
    else:
        images, labels = read_gtsrb(folder, part)
    if len(images) != len(labels) or not len(images):
        raise DataError(f"{folder}: {len(images)} images and {len(labels)} labels")
    wrong = labels[(labels < 0) | (labels >= CLASSES[name])]
    if len(wrong):
        raise DataError(f"{folder}: label {wrong[0]}; {name} has the classes 0 to {CLASSES[name] - 1}")
    return images, labels


# ---- packed ----------------------------------------------------------------------------------------

def read_packed(path):
    try:
        with np.load(path) as arrays:
            held = {key: arrays[key] for key in arrays.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: not a readable .npz file ({error})") from error
    if {"images", "labels"} <= held.keys():
        images = held["images"]
        if images.dtype != np.uint8 or images.shape[1:] != (SIDE, SIDE, 3):
            raise DataError(f"{path}: images are {images.dtype} {images.shape}, not uint8 (n, {SIDE}, {SIDE}, 3)")
        return images, held["labels"].astype(np.int64)
    if {"blob", "offset", "label"} <= held.keys():
        blob, offset = held["blob"], held["offset"]
        if len(offset) < 1 or offset[0] != 0 or offset[-1] != len(blob) or (np.diff(offset) < 0).any():
            raise DataError(f"{path}: the offsets do not divide the blob of {len(blob)} bytes")
        files = (io.BytesIO(blob[a:b].tobytes()) for a, b in zip(offset, offset[1:]))
        images = [photograph(file, f"{path}, image {i}") for i, file in enumerate(files)]
        return stacked(images), held["label"].astype(np.int64)
    raise DataError(f"{path}: holds {sorted(held)}; wanted images and labels, or blob, offset and label")


def photograph(file, what):
    """One image file of any size as uint8 (32, 32, 3)."""
    try:
        with Image.open(file) as image:
            image = image.convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{what}: not a readable image ({error})") from error
    if image.size != (SIDE, SIDE):
        image = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(image)


def stacked(images):
    return np.stack(images) if images else np.empty((0, SIDE, SIDE, 3), np.uint8)


# ---- CIFAR-10 --------------------------------------------------------------------------------------

def read_cifar10(folder, part):
    names = [f"data_batch_{i}" for i in range(1, 6)] if part == "train" else ["test_batch"]
    forms = (
        (folder, ".bin", binary_batch),
        (folder / "cifar-10-batches-bin", ".bin", binary_batch),
        (folder, "", pickled_batch),
        (folder / "cifar-10-batches-py", "", pickled_batch),
    )
    for place, suffix, reader in forms:
        paths = [place / (name + suffix) for name in names]
        found = [path for path in paths if path.is_file()]
        if found and len(found) < len(paths):
            missing = next(path.name for path in paths if path not in found)
            raise DataError(f"{place}: {missing} is missing")
        if found:
            batches = [reader(path) for path in paths]
            return np.concatenate([b[0] for b in batches]), np.concatenate([b[1] for b in batches])
    raise DataError(f"{folder}: no CIFAR-10 {part} data ({names[0]}.bin, {names[0]} or cifar10_{part}_*.npz)")


def planes(rows):
    """Rows of 1,024 red, 1,024 green and 1,024 blue bytes as (n, 32, 32, 3)."""
    return np.ascontiguousarray(rows.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1))


def binary_batch(path):
    record = 1 + 3 * SIDE * SIDE
    raw = np.frombuffer(path.read_bytes(), np.uint8)
    if not len(raw) or len(raw) % record:
        raise DataError(f"{path}: {len(raw)} bytes are no multiple of the {record} of a record")
    rows = raw.reshape(-1, record)
    return planes(rows[:, 1:]), rows[:, 0].astype(np.int64)


class ArraysOnly(pickle.Unpickler):
    """A pickle can run any function: the ones that make numpy arrays are let through, nothing else."""

    ALLOWED = {"_reconstruct", "ndarray", "dtype", "encode", "_frombuffer", "scalar"}

    def find_class(self, module, name):
        if (module.split(".")[0] == "numpy" or module == "_codecs") and name in self.ALLOWED:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def pickled_batch(path):
    try:
        with path.open("rb") as file:
            batch = ArraysOnly(file, encoding="bytes").load()
        # Python 2 wrote the published files: their keys arrive as bytes.
        batch = {key.decode() if isinstance(key, bytes) else key: value for key, value in batch.items()}
        rows, labels = np.asarray(batch["data"], np.uint8), np.asarray(batch["labels"], np.int64)
        return planes(rows), labels
    except (pickle.UnpicklingError, EOFError, AttributeError, KeyError, ValueError, ImportError) as error:
        raise DataError(f"{path}: not a CIFAR-10 batch ({error!r})") from error


# ---- GTSRB -----------------------------------------------------------------------------------------

def read_gtsrb(folder, part):
    for root in (folder, folder / "GTSRB"):
        if part == "train" and (root / "Final_Training" / "Images").is_dir():
            return gtsrb_train(root / "Final_Training" / "Images")
        if part == "test" and (root / "Final_Test" / "Images").is_dir():
            return gtsrb_test(root / "Final_Test" / "Images")
    wanted = "Final_Training/Images" if part == "train" else "Final_Test/Images"
    raise DataError(f"{folder}: no GTSRB {part} data ({wanted} or gtsrb_{part}_*.npz)")


def gtsrb_train(root):
    tables = [folder / f"GT-{folder.name}.csv" for folder in sorted(root.iterdir()) if folder.is_dir()]
    return joined([row for table in tables for row in gtsrb_rows(table, table.parent)])


def gtsrb_test(root):
    places = [place / "GT-final_test.csv" for place in (root, root.parent, root.parent.parent, root.parent.parent.parent)]
    table = next((place for place in places if place.is_file()), None)
    if table is None:
        raise DataError(f"{root}: GT-final_test.csv is missing (GT-final_test.test.csv has no classes)")
    return joined(gtsrb_rows(table, root))


def gtsrb_rows(table, images):
    """(path, class) of each line of a table: Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId."""
    if not table.is_file():
        raise DataError(f"{table}: no such file")
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    try:
        return [(images / row["Filename"], int(row["ClassId"])) for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{table}: a line without Filename or ClassId") from error


def joined(rows):
    images = stacked([photograph(path, path) for path, _ in rows])
    return images, np.array([label for _, label in rows], np.int64)
