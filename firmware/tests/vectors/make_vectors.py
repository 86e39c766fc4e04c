#!/usr/bin/env python3
"""Single-operator models, inputs and what the reference interpreters answer: operators.tar.gz and operators.csv.

usage: make_vectors.py [--check] [--only PREFIX] [--report]

Each case NAME has NAME.tflite, NAME.in and NAME.out in the archive: the bytes of all input tensors in the order of the
subgraph, record after record, and of all output tensors alike. Each record is one inference. --check compares
with the committed files instead of writing them; --only makes a part and writes nothing.
"""

import argparse
import collections
import csv
import hashlib
import io
import pathlib
import sys
import zlib

import numpy as np

import archive
import recipes
import reference
import report

HERE = pathlib.Path(__file__).resolve().parent
SEED = 7
ATTEMPTS = 6
COLUMNS = ["name", "operator", "type", "what", "macs", "records", "input_bytes", "output_bytes", "reference",
           "second_reference", "tflite_sha256"]


class Degenerate(Exception):
    pass


def generator(name, attempt):
    """A case's own randomness: adding one case changes no other."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode()), attempt])


def second_opinion(case, made, answer):
    """How the other interpreter compares: equal, so many bytes differ, or refused."""
    if case.dtype == "uint8":
        return "", ""
    try:
        answer2 = reference.run(reference.TFL, made.graph.with_all_biases().file(), made.records)
    except reference.Refused as reason:
        return "refused", str(reason)
    first = b"".join(a.tobytes() for record in answer for a in record)
    second = b"".join(a.tobytes() for record in answer2 for a in record)
    if len(first) != len(second):
        return "other size", ""
    differing = sum(x != y for x, y in zip(first, second))
    return ("equal", "") if not differing else (f"{differing} bytes differ", "")


def check_worth(case, made, answer):
    """Raises `Degenerate` for a case that would pass with hardly any arithmetic."""
    out = np.concatenate([a.ravel() for record in answer for a in record])
    if not case.deliberate and len(np.unique(out)) < min(4, max(2, out.size // 4)):
        raise Degenerate("all outputs equal, or nearly")


def make(case, dropped):
    """The finished case, or None. A refused or degenerate draw is replaced by the next one."""
    which = reference.TFL if case.dtype == "uint8" else reference.TFLM
    for attempt in range(1 if case.deliberate else ATTEMPTS):
        try:
            made = case.maker(generator(case.name, attempt))
            model = made.graph.file()
            answer = reference.run(which, model, made.records)
            expected = sum(np.prod(made.graph.arrays[i][0], dtype=int) for i in made.graph.outputs)
            if sum(a.size for a in answer[0]) != expected:
                raise reference.Refused("output size is not the declared one")
            check_worth(case, made, answer)
        except (reference.Refused, Degenerate) as reason:
            dropped[(case.operator, case.dtype, type(reason).__name__, str(reason))].append(case.name)
            continue
        opinion, why = second_opinion(case, made, answer)
        return report.Done(
            case=case, made=made, model=model, answer=answer, opinion=opinion, why=why,
            reference=f"{which} {reference.VERSIONS[which]}",
            inputs=b"".join(a.tobytes() for record in made.records for a in record),
            outputs=b"".join(a.tobytes() for record in answer for a in record))
    return None


def row(done):
    return [done.case.name, done.case.operator, done.case.dtype, done.made.special, done.made.graph.macs,
            len(done.made.records), len(done.inputs), len(done.outputs), done.reference, done.opinion,
            hashlib.sha256(done.model).hexdigest()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--only", default="", help="names that start so")
    parser.add_argument("--report", action="store_true", help="print the quality report")
    arguments = parser.parse_args()

    dropped = collections.defaultdict(list)
    cases = [case for case in recipes.all_cases() if case.name.startswith(arguments.only)]
    dones = [done for case in cases if (done := make(case, dropped))]
    files, table = [], io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    for done in sorted(dones, key=lambda done: done.case.name):
        name = done.case.name
        files += [(f"{name}.tflite", done.model), (f"{name}.in", done.inputs), (f"{name}.out", done.outputs)]
        writer.writerow(row(done))
    packed = archive.tar_gz(files)
    if arguments.report or arguments.only:
        print(report.text(dones, dropped, packed))
    if arguments.only:
        return
    made = {"operators.tar.gz": packed, "operators.csv": table.getvalue().encode()}
    sys.exit(archive.write_or_check(HERE, made, arguments.check))


if __name__ == "__main__":
    main()
