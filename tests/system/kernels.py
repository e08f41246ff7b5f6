# SPDX-License-Identifier: MIT
"""Kernel images made of Debian's: the same kernel with another payload, or damaged.

A bzImage is boot sectors, a small loader, and a compressed payload that the header points to
(payload_offset and payload_length, Documentation/arch/x86/boot.rst of Linux).
"""

import os
import struct
import subprocess

COMPRESS = {
    "gzip": ["gzip", "-9nc"],
    "lz4": ["lz4", "-l", "-9", "-c"],
    "zstd": ["zstd", "-q", "-3", "-c"],
    "xz": ["xz", "--check=crc32", "--x86", "--lzma2=preset=1,dict=32MiB", "-c"],
}
UNPACK = {b"\xfd7zXZ": ["xz", "-dcq", "--single-stream"], b"\x28\xb5\x2f\xfd": ["zstd", "-dcq"]}


def payload_place(image):
    """Where the payload is: (offset, length)."""
    sectors = image[0x1f1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    return (sectors + 1) * 512 + offset, length


def vmlinux(image):
    """The ELF inside; its last four bytes in the payload are its size."""
    at, length = payload_place(image)
    payload = image[at:at + length]
    for magic, command in UNPACK.items():
        if payload.startswith(magic):
            size = struct.unpack("<I", payload[-4:])[0]
            # The size trailer is no part of the stream, which the tools then complain of.
            out = subprocess.run(command, input=payload[:-4], capture_output=True).stdout
            if len(out) != size:
                raise ValueError("the payload unpacks to %d of %d bytes" % (len(out), size))
            return out
    raise ValueError("a payload of unknown form")


def repack(image, kind):
    """The same bzImage with its payload compressed in another way."""
    elf = vmlinux(image)
    packed = subprocess.run(COMPRESS[kind], input=elf, capture_output=True, check=True).stdout
    packed += struct.pack("<I", len(elf))
    at, _ = payload_place(image)
    new = bytearray(image[:at] + packed)
    struct.pack_into("<I", new, 0x24c, len(packed))
    new += b"\0" * (-len(new) % 16)
    sectors = new[0x1f1] or 4
    struct.pack_into("<I", new, 0x1f4, (len(new) - (sectors + 1) * 512) // 16)
    return bytes(new)


def corrupt(image, where=0.5):
    """64 bytes of the payload overwritten."""
    at, length = payload_place(image)
    place = at + int(length * where)
    return image[:place] + b"\xa5" * 64 + image[place + 64:]


def write(path, data):
    with open(path + ".new", "wb") as f:
        f.write(data)
    os.rename(path + ".new", path)
    return path
