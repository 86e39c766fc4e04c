"""Named bytes in, one tar.gz out that is the same on every machine; and writing or comparing made files."""

import gzip
import io
import tarfile


def tar_gz(files):
    """`files`: (name, bytes) pairs. Sorted, no times, no owners."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(data), 0o644, 0
            tar.addfile(entry, io.BytesIO(data))
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=9, mtime=0) as out:
        out.write(plain.getvalue())
    return packed.getvalue()


def _content(name, data):
    """Compressed bytes depend on the zlib build, what is inside does not."""
    return gzip.decompress(data) if name.endswith(".gz") else data


def write_or_check(folder, made, check):
    """Writes the files `made` (name to bytes), or with `check` compares; the exit status."""
    status = 0
    for name, data in made.items():
        path = folder / name
        if not check:
            path.write_bytes(data)
            print(f"{path.name}: {len(data)} bytes written")
        elif not path.exists() or _content(name, path.read_bytes()) != _content(name, data):
            print(f"{path.name}: differs from what the generator makes; run without --check to write it anew")
            status = 1
        else:
            print(f"{path.name}: as committed")
    return status
