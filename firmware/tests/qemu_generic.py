#!/usr/bin/env python3
"""A generic firmware on QEMU: models and inputs written to its memory, exit code and console compared.

usage: qemu_generic.py --elf FILE --cases FOLDER [--qemu NAME] [--shared FOLDER]

FOLDER holds NAME.tflite and NAME.io (input and output bytes in turn) of small models. Networks of ordinary size are not
part of the repository; those in --shared FOLDER/models are run on one input each, else that part is skipped.
"""

import argparse
import pathlib
import struct

import elf_symbols
import qemu

# What tflite-micro 0.dev20261023 answers to the input whose byte i is (i * i // 7) % 256.
ANSWERS = {
    "mlperf_tiny_ic_resnet8_int8": "8080b98a80803d808080",
    "mlperf_tiny_kws_dscnn_int8": "8080808080808080807f8080",
    "mlperf_tiny_vww_mobilenetv1_int8": "7987",
    "tflm_person_detect_int8": "25db",
}
INPUT_BYTES = {
    "mlperf_tiny_ic_resnet8_int8": 32 * 32 * 3,
    "mlperf_tiny_kws_dscnn_int8": 49 * 10,
    "mlperf_tiny_vww_mobilenetv1_int8": 96 * 96 * 3,
    "tflm_person_detect_int8": 96 * 96,
}
# Of the small cases: input bytes, output bytes (at most 64, so that the console shows them).
CASES = {"conv_dilated": (220, 440), "dense_per_output": (37, 11), "softmax_rows": (21, 21), "pool_overlapping": (128, 72)}
MUL = 0x02000033  # with registers masked out: RISC-V unprivileged manual, chapter "M"
SVDF, RESIZE_NEAREST_NEIGHBOR, NOBODY_KNOWS = 27, 97, 9999


class Firmware:
    def __init__(self, name, elf):
        self.qemu, self.elf = name, elf
        self.symbols = elf_symbols.symbols(elf.read_bytes())
        self.failed = self.runs = 0

    def check_contract(self):
        content = self.elf.read_bytes()
        for name in ("stuckat_model", "stuckat_input", "stuckat_output", "stuckat_sizes", "stuckat_layer", "stuckat_arena_used"):
            symbol = self.symbols[name]
            if (symbol.type, symbol.bind) != (elf_symbols.OBJECT, elf_symbols.GLOBAL):
                raise SystemExit(f"{name} is not a global object")
        if elf_symbols.file_content(content, self.symbols["stuckat_sizes"]) != bytes(12):
            raise SystemExit("stuckat_sizes has no bytes of its own in the file")
        addresses = [address for address, in struct.iter_unpack("<I", elf_symbols.section_content(content, ".stuckat_mac"))]
        if not addresses or any(elf_symbols.word_at(content, a) & 0xFE00707F != MUL for a in addresses):
            raise SystemExit(".stuckat_mac must list addresses of MUL instructions")

    def run(self, model, tensor, model_bytes=None):
        sizes = struct.pack("<3I", len(model) if model_bytes is None else model_bytes, len(tensor), 0)
        contents = {"stuckat_model": model, "stuckat_input": tensor, "stuckat_sizes": sizes}
        pokes = [(self.symbols[name].address, content) for name, content in contents.items() if content]
        return qemu.run(self.qemu, self.elf, pokes)

    def expect(self, what, found, code, text):
        self.runs += 1
        if found != (code, text):
            self.failed += 1
            print(f"{what}: {found}, expected {(code, text)}")


def with_operator_code(model, code):
    """The same file with another code for its first operator code: whatever needs it does not exist any more."""
    def word(at):
        return struct.unpack_from("<I", model, at)[0]

    def field(table, index):
        vtable = table - struct.unpack_from("<i", model, table)[0]
        return table + struct.unpack_from("<H", model, vtable + 4 + 2 * index)[0]

    root = word(0)
    codes = field(root, 1) + word(field(root, 1))
    entry = codes + 4 + word(codes + 4)
    changed = bytearray(model)
    changed[field(entry, 0)] = min(code, 127)
    struct.pack_into("<I", changed, field(entry, 3), code)
    return bytes(changed)


def check_small_cases(firmware, folder):
    for name, (input_bytes, output_bytes) in CASES.items():
        model, io = (folder / f"{name}.tflite").read_bytes(), (folder / f"{name}.io").read_bytes()
        step = input_bytes + output_bytes
        for record in (0, len(io) // step - 1):
            tensor, answer = io[record * step :][:input_bytes], io[record * step + input_bytes :][:output_bytes]
            line = f"output: {answer.hex()}\n" if output_bytes <= 64 else ""
            firmware.expect(f"{name}, record {record}", firmware.run(model, tensor), 0, line)


def check_failures(firmware, folder):
    conv, tensor = (folder / "conv_dilated.tflite").read_bytes(), bytes(220)
    capacity = firmware.symbols["stuckat_model"].size
    cases = {
        "no model": ((b"", b""), 1, f"no model, or more bytes than stuckat_model has (0, needed {capacity})"),
        "a model above the capacity": (
            (conv, tensor, capacity + 1), 1,
            f"no model, or more bytes than stuckat_model has ({capacity + 1}, needed {capacity})"),
        "not a model": ((bytes(100), tensor), 2, "not a .tflite file"),
        "half a model": ((conv[: len(conv) // 2], tensor), 2, "the model file is damaged"),
        "a known operator": ((with_operator_code(conv, SVDF), tensor), 3, "operator 0 (SVDF): not in the registry"),
        "a known operator of a later code": (
            (with_operator_code(conv, RESIZE_NEAREST_NEIGHBOR), tensor), 3,
            "operator 0 (RESIZE_NEAREST_NEIGHBOR): not in the registry"),
        "an unknown operator": (
            (with_operator_code(conv, NOBODY_KNOWS), tensor), 3, "operator 0 (code 9999): unknown operator"),
        "too short an input": (
            (conv, tensor[:-1]), 9, "the input's bytes are not those of the model's inputs (219, needed 220)"),
    }
    for what, (arguments, code, text) in cases.items():
        firmware.expect(what, firmware.run(*arguments), code, f"stuckat: error {code}: {text}\n")


def check_networks(firmware, models):
    if not models.is_dir():
        print(f"qemu_generic: no folder {models}: networks of ordinary size skipped")
        return
    for name, answer in ANSWERS.items():
        tensor = bytes(i * i // 7 % 256 for i in range(INPUT_BYTES[name]))
        found = firmware.run((models / f"{name}.tflite").read_bytes(), tensor)
        firmware.expect(name, found, 0, f"output: {answer}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--elf", required=True, type=pathlib.Path)
    parser.add_argument("--qemu", default="qemu-system-riscv32")
    parser.add_argument("--cases", required=True, type=pathlib.Path)
    parser.add_argument("--shared", type=pathlib.Path, default=pathlib.Path("../../shared"))
    args = parser.parse_args()
    firmware = Firmware(args.qemu, args.elf)
    firmware.check_contract()
    check_small_cases(firmware, args.cases)
    check_failures(firmware, args.cases)
    check_networks(firmware, args.shared / "models")
    print(f"qemu_generic: {args.elf.name}: {firmware.runs} runs, {firmware.failed} failed")
    raise SystemExit(firmware.failed != 0)


if __name__ == "__main__":
    main()
