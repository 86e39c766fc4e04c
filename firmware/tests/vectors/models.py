#!/usr/bin/env python3
"""What tflite-micro answers for whole models and sample inputs that stay outside the repository.

usage: models.py --out FOLDER [--shared FOLDER] [--check]

Writes NAME.tflite (a link), NAME.in and NAME.out for each model into FOLDER, and models_expected.csv and
models_expected.tar.gz (the NAME.out files, and NAME.in where the input is random) beside this script. --check compares instead of writing the last two.
"""

import argparse
import csv
import hashlib
import io
import pathlib
import sys

import numpy as np

import archive
import reference

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
SEED = 20
RESNET_IMAGES = 20
RANDOM_RECORDS = 4
SAMPLES = {
    "mlperf_tiny_ad_autoencoder_int8": "sample_ad_int8.npy",
    "mlperf_tiny_kws_dscnn_int8": "sample_kws_int8.npy",
    "mlperf_tiny_vww_mobilenetv1_int8": "sample_vww_int8.npy",
    "tflm_person_detect_int8": "sample_person_int8.npy",
}


def inputs_of(name, shape, data):
    """(records, what they are)"""
    if name in SAMPLES:
        array = np.load(data / SAMPLES[name]).astype(np.int8)
        return array.reshape((-1, *shape)), f"{SAMPLES[name]}, all {len(array)} records"
    if "resnet" in name:
        images = np.load(data / "cifar10_test_2000.npz")["images"][:RESNET_IMAGES]
        array = (images.astype(np.int16) - 128).astype(np.int8)
        return array.reshape((-1, *shape)), f"cifar10_test_2000.npz, images 0 to {RESNET_IMAGES - 1}, pixel - 128"
    array = np.random.default_rng(SEED).integers(-128, 128, (RANDOM_RECORDS, *shape)).astype(np.int8)
    return array, f"{RANDOM_RECORDS} records of uniform random int8, numpy default_rng({SEED}): no real samples"


def shape_of(model):
    interpreter = reference.tflm.Interpreter.from_bytes(model, arena_size=reference.ARENA)
    return tuple(int(n) for n in interpreter.get_input_details(0)["shape"])


def expect(path, data, out):
    model, name = path.read_bytes(), path.stem
    records, what = inputs_of(name, shape_of(model), data)
    answers = reference.run(reference.TFLM, model, [[record] for record in records])
    flat = np.concatenate([answer[0].reshape(1, -1) for answer in answers])
    try:
        second = reference.run(reference.TFL, model, [[record] for record in records])
        differing = int((flat != np.concatenate([answer[0].reshape(1, -1) for answer in second])).sum())
    except reference.Refused as reason:
        differing = "refused"
        print(f"{name}: tflite-runtime refuses it: {str(reason)[:100]}")

    link = out / path.name
    link.unlink(missing_ok=True)
    link.symlink_to(path.resolve())
    (out / f"{name}.in").write_bytes(records.tobytes())
    (out / f"{name}.out").write_bytes(flat.tobytes())
    classes = " ".join(str(c) for c in flat.argmax(1)) if flat.shape[1] <= 12 else ""
    row = [path.name, hashlib.sha256(model).hexdigest(), what, len(records), records[0].size, flat.shape[1],
           hashlib.sha256(records.tobytes()).hexdigest(), hashlib.sha256(flat.tobytes()).hexdigest(), classes,
           differing]
    # Inputs that nobody else has go with the answers.
    own = [] if (name in SAMPLES or "resnet" in name) else [(f"{name}.in", records.tobytes())]
    return row, [*own, (f"{name}.out", flat.tobytes())]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--shared", type=pathlib.Path, default=ROOT.parent / "shared")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    models = sorted((arguments.shared / "models").glob("*.tflite"))
    if not models:
        sys.exit(f"{arguments.shared / 'models'}: no .tflite file; name the folder above models/ with --shared")
    arguments.out.mkdir(parents=True, exist_ok=True)

    rows, files = [], []
    for path in models:
        row, more = expect(path, arguments.shared / "data", arguments.out)
        print(f"{row[0]}: {row[3]} records, classes [{row[8]}], bytes unlike tflite-runtime: {row[9]}")
        rows.append(row)
        files.extend(more)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["model", "model_sha256", "input", "records", "input_bytes_per_record",
                     "output_bytes_per_record", "input_sha256", "output_sha256", "top1_classes",
                     "bytes_unlike_tflite_runtime"])
    writer.writerows(rows)
    made = {"models_expected.csv": table.getvalue().encode(), "models_expected.tar.gz": archive.tar_gz(files)}
    sys.exit(archive.write_or_check(HERE, made, arguments.check))


if __name__ == "__main__":
    main()
