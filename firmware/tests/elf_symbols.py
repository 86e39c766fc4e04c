"""Symbols of a 32-bit little-endian ELF: bytes in, {name: Symbol} out. Standard library only."""

import collections
import struct

Symbol = collections.namedtuple("Symbol", "address size type bind section")
OBJECT, GLOBAL = 1, 1
SHT_SYMTAB, SHT_NOBITS = 2, 8


def sections(elf):
    """(type, address, file offset, size, link) of each section."""
    if elf[:7] != b"\x7fELF\x01\x01\x01":
        raise SystemExit("not a 32-bit little-endian ELF")
    table = struct.unpack_from("<I", elf, 32)[0]
    entry, count = struct.unpack_from("<HH", elf, 46)
    found = []
    for i in range(count):
        _, kind, _, address, offset, size, link = struct.unpack_from("<7I", elf, table + i * entry)
        found.append((kind, address, offset, size, link))
    return found


def symbols(elf):
    table = sections(elf)
    kind, _, offset, size, link = next(section for section in table if section[0] == SHT_SYMTAB)
    names = table[link][2]
    found = {}
    for at in range(offset, offset + size, 16):
        name, value, length, info, _, section = struct.unpack_from("<IIIBBH", elf, at)
        text = elf[names + name : elf.index(b"\0", names + name)].decode()
        found[text] = Symbol(value, length, info & 15, info >> 4, section)
    return found


def file_content(elf, symbol):
    """The bytes that the file holds for a symbol; None if its section has none (.bss)."""
    kind, address, offset, _, _ = sections(elf)[symbol.section]
    if kind == SHT_NOBITS:
        return None
    start = offset + symbol.address - address
    return elf[start : start + symbol.size]


def section_content(elf, name):
    """The bytes of the section with that name; empty if there is none."""
    table = struct.unpack_from("<I", elf, 32)[0]
    entry, _, names = struct.unpack_from("<HHH", elf, 46)
    found = sections(elf)
    for i, (_, _, offset, size, _) in enumerate(found):
        at = found[names][2] + struct.unpack_from("<I", elf, table + i * entry)[0]
        if elf[at : elf.index(b"\0", at)].decode() == name:
            return elf[offset : offset + size]
    return b""


def word_at(elf, address):
    """The 32-bit word that the file holds for an address."""
    for kind, start, offset, size, _ in sections(elf):
        if kind != SHT_NOBITS and start and start <= address <= start + size - 4:
            return struct.unpack_from("<I", elf, offset + address - start)[0]
    raise SystemExit(f"the file holds nothing for {address:#x}")
