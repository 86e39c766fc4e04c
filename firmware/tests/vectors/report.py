"""Finished cases in, the quality report out: what the vectors cover and where they are poor."""

import collections
import dataclasses

import numpy as np

from common import RANGE, clamp_limits


@dataclasses.dataclass
class Done:
    case: object
    made: object
    model: bytes
    answer: list
    opinion: str
    why: str
    reference: str
    inputs: bytes
    outputs: bytes


def saturated(done, records):
    """(bytes at a limit of the clamp, bytes looked at) over 8-bit outputs of the first `records` records."""
    at, count = 0, 0
    graph = done.made.graph
    operator = graph.operators[-1]
    activation = getattr(operator.builtinOptions, "fusedActivationFunction", 0) if operator.builtinOptions else 0
    name = {0: "NONE", 1: "RELU", 2: "RELU_N1_TO_1", 3: "RELU6"}[activation]
    for n, index in enumerate(graph.outputs):
        _, dtype, scale, point = graph.arrays[index]
        if dtype not in RANGE:
            continue
        low, high = clamp_limits(dtype, name, float(np.atleast_1d(scale)[0]), point) if scale is not None else RANGE[dtype]
        for record in done.answer[:records]:
            at += int(((record[n] <= low) | (record[n] >= high)).sum())
            count += record[n].size
    return at, count


def text(dones, dropped, packed):
    lines = ["| operator | type | cases | MACs x records | output bytes | at a limit, all / random record | distinct values |"
             " cases with |", "|---|---|---|---|---|---|---|---|"]
    groups = collections.defaultdict(list)
    for done in dones:
        groups[(done.case.operator, done.case.dtype)].append(done)
    for (operator, dtype), members in sorted(groups.items()):
        shares = []
        for records in (None, 1):
            at, count = (sum(values) for values in zip(*(saturated(d, records) for d in members)))
            shares.append(f"{100 * at / count:.0f}" if count else "-")
        distinct = int(np.median([len(np.unique(np.frombuffer(d.outputs, np.uint8))) for d in members]))
        facts = collections.Counter()
        for done in members:
            facts.update({key: 1 for key, value in done.made.facts.items() if value})
        macs = sum(d.made.graph.macs * len(d.made.records) for d in members)
        lines.append(f"| {operator} | {dtype} | {len(members)} | {macs} | {sum(len(d.outputs) for d in members)} | {' / '.join(shares)} %"
                     f" | {distinct} | {', '.join(f'{k} {v}' for k, v in sorted(facts.items()))} |")
    total = sum(d.made.graph.macs * len(d.made.records) for d in dones)
    largest = max(dones, key=lambda d: d.made.graph.macs)
    deliberate = [d.case.name for d in dones if len(set(d.outputs)) == 1]
    lines.append(f"\nlargest case: {largest.case.name}, {largest.made.graph.macs} MACs; largest output"
                 f" {max(len(d.outputs) // len(d.made.records) for d in dones)} bytes, largest file"
                 f" {max(len(d.model) for d in dones)} bytes; one value in all outputs: {', '.join(deliberate) or 'none'}")
    lines.append(f"\n{len(dones)} cases, {sum(d.case.dtype == 'uint8' for d in dones)} of them UINT8; {total} MACs over all"
                 f" records; {sum(len(d.inputs) for d in dones)} input bytes, {sum(len(d.outputs) for d in dones)} output"
                 f" bytes; archive {len(packed)} bytes")
    lines.append("\nsecond interpreter on the INT8 cases:")
    opinions = collections.Counter((d.case.operator, "differs" if "differ" in d.opinion else d.opinion, d.why[:90])
                                   for d in dones if d.case.dtype != "uint8")
    lines += [f"  {operator}: {opinion} {count}{': ' + why if why else ''}"
              for (operator, opinion, why), count in sorted(opinions.items())]
    lines += [f"  {d.case.name}: {d.opinion} of {len(d.outputs)} ({d.made.special})" for d in dones if "differ" in d.opinion]
    lines.append("\ndropped draws:")
    lines += [f"  {operator} {dtype} {kind}: {reason}: {len(names)} ({', '.join(sorted(set(names))[:4])})"
              for (operator, dtype, kind, reason), names in sorted(dropped.items())]
    return "\n".join(lines)
