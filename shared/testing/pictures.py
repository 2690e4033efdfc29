"""Small pictures, made by hand as cameras make large ones."""

from __future__ import annotations

import struct
import zlib

WHERE_IT_WAS = b"Exif\0\0 30.27 N 120.15 E"


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def a_jpeg(width: int = 64, height: int = 48, filling: int = 0) -> bytes:
    """A JPEG with everything a camera writes beside the picture; progressive, so with two scans."""
    scan = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0\x56" + b"\x77" * filling
    return b"".join(
        [
            b"\xff\xd8",
            segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
            segment(0xE1, WHERE_IT_WAS),
            segment(0xFE, b"a comment: Plum Lane 3"),
            segment(0xDB, b"\0" + bytes(64)),
            segment(0xC2, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"),
            segment(0xC4, b"\0" + bytes(16)),
            scan,
            segment(0xC4, b"\x10" + bytes(16)),
            scan,
            b"\xff\xd9",
            b"what hides behind the picture",
        ]
    )


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def a_png(width: int = 2, height: int = 2) -> bytes:
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(height)))
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
            chunk(b"tEXt", b"Author\0Mrs Lin"),
            chunk(b"eXIf", WHERE_IT_WAS),
            chunk(b"IDAT", rows),
            chunk(b"IEND", b""),
        ]
    )


def riff(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def a_webp(width: int = 20, height: int = 10) -> bytes:
    lossless = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + b"\x07\x10"
    extended = (
        bytes([0x08 | 0x10]) + bytes(3) + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    )
    body = b"WEBP" + riff(b"VP8X", extended) + riff(b"VP8L", lossless) + riff(b"EXIF", WHERE_IT_WAS)
    return b"RIFF" + struct.pack("<I", len(body)) + body
