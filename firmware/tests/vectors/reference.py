"""A .tflite file and input records in, the output bytes of a reference interpreter out.

Each model runs in a process of its own: a failed check in the C++ code ends that process, not the generator.
"""

import os
import pickle
import re
import tempfile

import numpy as np
from tflite_micro.python.tflite_micro import runtime as tflm
from tflite_runtime import interpreter as tfl

from tflite_file import schema

TFLM = "tflite-micro"
TFL = "tflite-runtime"
VERSIONS = {TFLM: "0.dev20261023182759", TFL: "2.14.0"}
ARENA = 1 << 22


class Refused(Exception):
    """The interpreter does not take this model; the text says why."""


def _run_tflm(model, records, arena):
    interpreter = tflm.Interpreter.from_bytes(model, arena_size=arena)
    count = schema.Model.GetRootAs(model, 0).Subgraphs(0).OutputsLength()
    outputs = []
    for record in records:
        for index, tensor in enumerate(record):
            interpreter.set_input(tensor, index)
        interpreter.invoke()
        outputs.append([np.array(interpreter.get_output(index)) for index in range(count)])
    return outputs


def _run_tfl(model, records, _arena):
    interpreter = tfl.Interpreter(
        model_content=model, num_threads=1, experimental_op_resolver_type=tfl.OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    outputs = []
    for record in records:
        for details, tensor in zip(interpreter.get_input_details(), record):
            interpreter.set_tensor(details["index"], tensor)
        interpreter.invoke()
        outputs.append([interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()])
    return outputs


def run(which, model, records, arena=ARENA):
    """For each record (a list of input arrays) the list of output arrays; raises `Refused`."""
    work = {TFLM: _run_tflm, TFL: _run_tfl}[which]
    with tempfile.TemporaryFile() as talk:
        receive, send = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(receive)
            os.dup2(talk.fileno(), 1)
            os.dup2(talk.fileno(), 2)
            try:
                answer = ("ok", work(model, records, arena))
            except BaseException as error:  # the parent turns every end of this process into `Refused`
                answer = ("error", f"{type(error).__name__}: {error}")
            with os.fdopen(send, "wb") as pipe:
                pickle.dump(answer, pipe)
            os._exit(0)
        os.close(send)
        with os.fdopen(receive, "rb") as pipe:
            data = pipe.read()
        _, status = os.waitpid(child, 0)
        talk.seek(0)
        said = talk.read().decode(errors="replace")
    if not data:
        raise Refused(_reason(said) or f"ended with status {status}")
    kind, answer = pickle.loads(data)
    if kind == "error":
        raise Refused(_reason(said) or answer)
    return answer


def _reason(said):
    """The first line of what the interpreter said that names a cause, without folders and addresses."""
    for line in re.split(r"\n|(?<=\w)\.(?=[A-Z])", said):
        line = re.sub(r"\S*/(\w+\.\w+)", r"\1", line).strip()
        if line and not line.startswith(("INFO", "Arena", "[")):
            return line[:160]
    return ""
