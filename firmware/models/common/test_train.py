#!/usr/bin/env python3
"""train.py: an interrupted run that is continued ends with the weights of an uninterrupted one.

usage: test_train.py      (needs PyTorch; trains three epochs on 256 random images)
"""

import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import numpy as np

import train


def run(folder, work, recipe="cifar10_resnet8"):
    command = ["train.py", recipe, "--data", str(folder), "--work", str(work), "--epochs", "3", "--eager"]
    with mock.patch.object(sys, "argv", command), mock.patch("builtins.print"):
        train.main()


class Continuing(unittest.TestCase):
    def test_a_continued_run_ends_with_the_weights_of_an_uninterrupted_one(self):
        rng = np.random.default_rng(1)
        with tempfile.TemporaryDirectory() as held:
            folder = pathlib.Path(held)
            for part, n in (("train", 256), ("test", 4)):
                images, labels = rng.integers(0, 256, (n, 32, 32, 3), np.uint8), rng.integers(0, 10, n)
                np.savez(folder / f"cifar10_{part}_{n}.npz", images=images, labels=labels)
            run(folder, folder / "whole")

            whole_epoch = train.run_epoch

            def killed_in_the_third(recipe, epoch, *rest):
                if epoch == 2:
                    raise KeyboardInterrupt
                return whole_epoch(recipe, epoch, *rest)

            with mock.patch.object(train, "run_epoch", killed_in_the_third), self.assertRaises(KeyboardInterrupt):
                run(folder, folder / "parts")
            run(folder, folder / "parts")

            with (
                np.load(folder / "whole" / "cifar10_resnet8.weights.npz") as whole,
                np.load(folder / "parts" / "cifar10_resnet8.weights.npz") as parts,
            ):
                self.assertEqual(whole.files, parts.files)
                for name in whole.files:
                    np.testing.assert_array_equal(whole[name], parts[name], name)


if __name__ == "__main__":
    unittest.main()
