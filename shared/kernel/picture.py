"""Pictures as they are sent: told apart by what they hold, and kept without what they say beside it.

Cameras write the place, the moment and their own number into a picture. None of that is a part of what is
seen, so it is left out: what is kept is rebuilt from the parts that show something.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from shared.kernel.errors import InvalidInput

MOST_BYTES = 512 * 1024
MOST_PIXELS_A_SIDE = 8_192


class PictureRefused(InvalidInput):
    code, kind, title = "picture-refused", "media_type", "This is not a JPEG, PNG or WebP picture"


class PictureTooLarge(InvalidInput):
    code, kind, title = "picture-too-large", "too_large", "This picture is too large"


class MediaType(StrEnum):
    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"


@dataclass(frozen=True, kw_only=True)
class Picture:
    media_type: MediaType
    content: bytes
    width: int
    height: int


def read_picture(sent: bytes) -> Picture:
    """The picture in ``sent``; raises :class:`PictureRefused` or :class:`PictureTooLarge`."""
    if len(sent) > MOST_BYTES:
        raise PictureTooLarge(f"A picture may have {MOST_BYTES} bytes; make it smaller.", limit=MOST_BYTES)
    try:
        picture = _read(sent)
    except (IndexError, struct.error):
        raise PictureRefused("This picture is cut off, or broken.") from None
    if not (0 < picture.width <= MOST_PIXELS_A_SIDE and 0 < picture.height <= MOST_PIXELS_A_SIDE):
        raise PictureTooLarge(f"A picture may be {MOST_PIXELS_A_SIDE} pixels wide and high.")
    return picture


def _read(sent: bytes) -> Picture:
    if sent[:3] == b"\xff\xd8\xff":
        return _jpeg(sent)
    if sent[:8] == _PNG:
        return _png(sent)
    if sent[:4] == b"RIFF" and sent[8:12] == b"WEBP":
        return _webp(sent)
    raise PictureRefused


# -- JPEG: segments that begin with a marker, then entropy-coded data, perhaps several times ------------

_STANDALONE = {0x01, *range(0xD0, 0xD8)}
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _END = 0xDA, 0xD9
# Application data and comments, but for what says how colours are to be read.
_ASIDES = ({*range(0xE1, 0xF0)} | {0xFE}) - {0xEE}


def _jpeg(sent: bytes) -> Picture:
    kept, size, at = [b"\xff\xd8"], (0, 0), 2
    scans = 0
    while True:
        while sent[at] == 0xFF and sent[at + 1] == 0xFF:
            at += 1
        if sent[at] != 0xFF:
            raise PictureRefused("This picture is cut off, or broken.")
        marker = sent[at + 1]
        if marker == _END:
            break
        if marker in _STANDALONE:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", sent, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(sent):
            raise PictureRefused("This picture is cut off, or broken.")
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", sent, at + 5)
            size = (width, height)
        if marker == _START_OF_SCAN:
            scans += 1
            end = _end_of_scan(sent, end)
        if marker not in _ASIDES:
            kept.append(sent[at:end])
        at = end
    if not scans:
        raise PictureRefused("This picture shows nothing.")
    return Picture(
        media_type=MediaType.JPEG, content=b"".join([*kept, b"\xff\xd9"]), width=size[0], height=size[1]
    )


def _end_of_scan(sent: bytes, at: int) -> int:
    while True:
        at = sent.find(b"\xff", at)
        if at < 0:
            raise PictureRefused("This picture is cut off, or broken.")
        if sent[at + 1] != 0 and sent[at + 1] not in _STANDALONE:
            return at
        at += 2


# -- PNG: chunks with a length, a name and a checksum ---------------------------------------------------

_PNG = b"\x89PNG\r\n\x1a\n"
_SHOWN_IN_PNG = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT"}


def _png(sent: bytes) -> Picture:
    chunks = list(_chunks_of_png(sent))
    names = [name for name, _ in chunks]
    if names[0] != b"IHDR" or b"IDAT" not in names:
        raise PictureRefused("This picture shows nothing.")
    width, height = struct.unpack_from(">II", chunks[0][1], 8)
    kept = [chunk for name, chunk in chunks if name in _SHOWN_IN_PNG]
    return Picture(media_type=MediaType.PNG, content=b"".join([_PNG, *kept]), width=width, height=height)


def _chunks_of_png(sent: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_PNG)
    while True:
        (length,) = struct.unpack_from(">I", sent, at)
        end = at + 12 + length
        if end > len(sent):
            raise PictureRefused("This picture is cut off, or broken.")
        name = sent[at + 4 : at + 8]
        yield name, sent[at:end]
        if name == b"IEND":
            return
        at = end


# -- WebP: a RIFF file ----------------------------------------------------------------------------------

_SHOWN_IN_WEBP = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH"}
_SAYS_EXIF_XMP_ICC = 0x08 | 0x04 | 0x20


def _webp(sent: bytes) -> Picture:
    (length,) = struct.unpack_from("<I", sent, 4)
    end = 8 + length
    if end > len(sent):
        raise PictureRefused("This picture is cut off, or broken.")
    at, kept, size = 12, [], (0, 0)
    while at < end:
        name, (length,) = sent[at : at + 4], struct.unpack_from("<I", sent, at + 4)
        begin, after = at + 8, at + 8 + length + length % 2
        if after > end:
            raise PictureRefused("This picture is cut off, or broken.")
        if name in _SHOWN_IN_WEBP:
            size = _size_in(name, sent, begin) or size
            kept.append(_without_asides(name, sent[at:after]))
        at = after
    if not any(chunk[:4] in {b"VP8 ", b"VP8L"} for chunk in kept):
        raise PictureRefused("This picture shows nothing that stands still.")
    body = b"WEBP" + b"".join(kept)
    content = b"RIFF" + struct.pack("<I", len(body)) + body
    return Picture(media_type=MediaType.WEBP, content=content, width=size[0], height=size[1])


def _size_in(name: bytes, sent: bytes, at: int) -> tuple[int, int] | None:
    if name == b"VP8 ":
        if sent[at + 3 : at + 6] != b"\x9d\x01\x2a":
            raise PictureRefused("This picture is cut off, or broken.")
        width, height = struct.unpack_from("<HH", sent, at + 6)
        return width & 0x3FFF, height & 0x3FFF
    if name == b"VP8L":
        if sent[at] != 0x2F:
            raise PictureRefused("This picture is cut off, or broken.")
        (bits,) = struct.unpack_from("<I", sent, at + 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _without_asides(name: bytes, chunk: bytes) -> bytes:
    """The head of an extended file says no more that it has what was left out."""
    if name != b"VP8X":
        return chunk
    return chunk[:8] + bytes([chunk[8] & ~_SAYS_EXIF_XMP_ICC]) + chunk[9:]
