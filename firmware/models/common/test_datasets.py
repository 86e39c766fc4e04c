#!/usr/bin/env python3
"""The readers of datasets.py: the same images in each form that users have must come out as the same arrays.

usage: test_datasets.py      (numpy and Pillow; no data set is needed, each test makes its own folder)
"""

import io
import pathlib
import pickle
import tempfile
import unittest

import numpy as np
from PIL import Image

import datasets

ROI_HEADER = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"


def random_set(n, classes, seed):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, 32, 32, 3), np.uint8), rng.integers(0, classes, n)


def packed(folder, name, part, images, labels):
    """The form with a blob of image files; WebP without loss, so that pixels can be compared."""
    files = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "WEBP", lossless=True, exact=True)
        files.append(file.getvalue())
    offset = np.cumsum([0] + [len(file) for file in files])
    blob = np.frombuffer(b"".join(files), np.uint8)
    np.savez(folder / f"{name}_{part}_webp.npz", blob=blob, offset=offset, label=labels.astype(np.uint8))


def cifar_parts(images, labels):
    """(file name, rows of planes, labels): five batches to train with, one to test with."""
    rows = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    names = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
    return zip(names, np.split(rows, 6), np.split(labels, 6))


def cifar_binary(folder, images, labels):
    folder.mkdir(exist_ok=True)
    for name, rows, classes in cifar_parts(images, labels):
        records = np.concatenate([classes.astype(np.uint8)[:, np.newaxis], rows], 1)
        (folder / f"{name}.bin").write_bytes(records.tobytes())


def cifar_pickles(folder, images, labels):
    folder.mkdir(exist_ok=True)
    for name, rows, classes in cifar_parts(images, labels):
        batch = {b"data": rows, b"labels": classes.tolist(), b"batch_label": name.encode()}
        # As published: protocol 2, and the module names of the numpy of that time.
        raw = pickle.dumps(batch, protocol=2).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
        (folder / name).write_bytes(raw)


def gtsrb_tree(root, part, images, labels, size=(32, 32)):
    """Folders as in GTSRB_Final_Training_Images.zip, GTSRB_Final_Test_Images.zip and GTSRB_Final_Test_GT.zip."""
    base = root / ("Final_Training" if part == "train" else "Final_Test") / "Images"
    tables = {}
    for i, (image, label) in enumerate(zip(images, labels)):
        folder = base / f"{label:05}" if part == "train" else base
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{i:05}.ppm"
        Image.fromarray(image).resize(size).save(folder / name)
        tables.setdefault(folder, [ROI_HEADER]).append(f"{name};{size[0]};{size[1]};3;3;28;28;{label}")
    for folder, lines in tables.items():
        table = folder / f"GT-{folder.name}.csv" if part == "train" else root / "GT-final_test.csv"
        table.write_text("\n".join(lines) + "\n")


class Readers(unittest.TestCase):
    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)

    def place(self, name):
        place = self.folder / name
        place.mkdir()
        return place

    def assert_set(self, name, part, folder, images, labels):
        got_images, got_labels = datasets.load(name, part, folder)
        self.assertEqual((got_images.dtype, got_labels.dtype), (np.uint8, np.int64))
        np.testing.assert_array_equal(got_images, images)
        np.testing.assert_array_equal(got_labels, labels)

    def refused(self, words, name, part, folder):
        with self.assertRaises(datasets.DataError) as caught:
            datasets.load(name, part, folder)
        message = str(caught.exception)
        self.assertNotIn("\n", message)
        self.assertIn(words, message)

    def test_every_form_of_cifar10_gives_the_same_arrays(self):
        images, labels = random_set(24, 10, 1)
        forms = [self.place(name) for name in ("bin", "bin_above", "pickle", "pickle_above", "webp")]
        cifar_binary(forms[0], images, labels)
        cifar_binary(forms[1] / "cifar-10-batches-bin", images, labels)
        cifar_pickles(forms[2], images, labels)
        cifar_pickles(forms[3] / "cifar-10-batches-py", images, labels)
        packed(forms[4], "cifar10", "train", images[:20], labels[:20])
        np.savez(forms[4] / "cifar10_test_4.npz", images=images[20:], labels=labels[20:].astype(np.uint8))
        for form in forms:
            with self.subTest(form.name):
                self.assert_set("cifar10", "train", form, images[:20], labels[:20])
                self.assert_set("cifar10", "test", form, images[20:], labels[20:])

    def test_every_form_of_gtsrb_gives_the_same_arrays(self):
        images, labels = random_set(12, 43, 2)
        order = np.argsort(labels, kind="stable")  # the folder tree is sorted by class
        images, labels = images[order], labels[order]
        forms = [self.place(name) for name in ("tree", "tree_above", "webp")]
        for part in ("train", "test"):
            gtsrb_tree(forms[0], part, images, labels)
            gtsrb_tree(forms[1] / "GTSRB", part, images, labels)
        packed(forms[2], "gtsrb", "train", images, labels)
        np.savez(forms[2] / "gtsrb_test_12.npz", images=images, labels=labels.astype(np.uint8))
        for form in forms:
            with self.subTest(form.name):
                self.assert_set("gtsrb", "train", form, images, labels)
                self.assert_set("gtsrb", "test", form, images, labels)

    def test_a_photograph_of_any_size_is_scaled_whole(self):
        half = np.zeros((1, 32, 32, 3), np.uint8)
        half[:, :, 16:] = 200
        gtsrb_tree(self.folder, "train", half, np.array([7]), size=(120, 60))
        images, labels = datasets.load("gtsrb", "train", self.folder)
        self.assertEqual((images.shape, labels.tolist()), ((1, 32, 32, 3), [7]))
        # A crop to the Roi columns would move the edge or lose the left half.
        np.testing.assert_array_equal(images[0, :, :13], 0)
        np.testing.assert_array_equal(images[0, :, 19:], 200)

    def test_a_folder_without_data_is_refused_in_one_line(self):
        for name in datasets.CLASSES:
            for part in datasets.PARTS:
                self.refused(f"no {'GTSRB' if name == 'gtsrb' else 'CIFAR-10'} {part} data", name, part, self.folder)
        self.refused("no such folder", "cifar10", "train", self.folder / "absent")
        self.refused("known sets are", "mnist", "train", self.folder)

    def test_damaged_files_are_refused_in_one_line(self):
        images, labels = random_set(24, 10, 3)
        cifar_binary(self.folder, images, labels)
        (self.folder / "data_batch_3.bin").write_bytes(b"x" * 3000)
        self.refused("data_batch_3.bin: 3000 bytes", "cifar10", "train", self.folder)
        (self.folder / "data_batch_3.bin").unlink()
        self.refused("data_batch_3.bin is missing", "cifar10", "train", self.folder)
        (self.folder / "test_batch.bin").write_bytes(bytes([99]) + bytes(3072))
        self.refused("label 99", "cifar10", "test", self.folder)
        (self.folder / "cifar10_train_a.npz").write_bytes(b"PK not really")
        self.refused("not a readable .npz", "cifar10", "train", self.folder)
        (self.folder / "cifar10_train_a.npz").write_bytes(b"PK\x03\x04 cut off")
        self.refused("not a readable .npz", "cifar10", "train", self.folder)
        np.savez(self.folder / "cifar10_train_a.npz", blob=np.zeros(9, np.uint8), offset=[0, 4], label=[1])
        self.refused("do not divide the blob", "cifar10", "train", self.folder)
        np.savez(self.folder / "cifar10_train_a.npz", blob=np.zeros(9, np.uint8), offset=[0, 9], label=[1])
        self.refused("image 0: not a readable image", "cifar10", "train", self.folder)

    def test_a_pickle_that_calls_a_function_is_refused(self):
        class Call:
            def __reduce__(self):
                return (pathlib.Path.touch, (self.marker,))

        Call.marker = self.folder / "called"
        (self.folder / "test_batch").write_bytes(pickle.dumps({"data": Call()}))
        self.refused("not a CIFAR-10 batch", "cifar10", "test", self.folder)
        self.assertFalse(Call.marker.exists())

    def test_a_gtsrb_tree_without_its_tables_is_refused(self):
        images, labels = random_set(2, 43, 4)
        for part in ("train", "test"):
            gtsrb_tree(self.folder, part, images, labels)
        (self.folder / "GT-final_test.csv").unlink()
        self.refused("GT-final_test.csv is missing", "gtsrb", "test", self.folder)
        table = next((self.folder / "Final_Training").rglob("*.csv"))
        table.write_text("Filename;Width\na.ppm;3\n")
        self.refused("without Filename or ClassId", "gtsrb", "train", self.folder)
        table.unlink()
        self.refused(f"{table.name}: no such file", "gtsrb", "train", self.folder)


if __name__ == "__main__":
    unittest.main()
