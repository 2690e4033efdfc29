"""Pictures are told by their content, bounded, and kept without what cameras write beside them."""

from __future__ import annotations

import pytest

from shared.kernel.picture import MOST_BYTES, MediaType, PictureRefused, PictureTooLarge, read_picture
from shared.testing.pictures import WHERE_IT_WAS, a_jpeg, a_png, a_webp

MADE = [
    (a_jpeg(), MediaType.JPEG, (64, 48)),
    (a_png(), MediaType.PNG, (2, 2)),
    (a_webp(), MediaType.WEBP, (20, 10)),
]
KINDS = ["jpeg", "png", "webp"]


@pytest.mark.parametrize(("sent", "kind", "size"), MADE, ids=KINDS)
def test_a_picture_is_known_by_its_content(sent: bytes, kind: MediaType, size: tuple[int, int]) -> None:
    picture = read_picture(sent)
    assert (picture.media_type, (picture.width, picture.height)) == (kind, size)


@pytest.mark.parametrize(("sent", "kind", "size"), MADE, ids=KINDS)
def test_where_and_by_whom_it_was_taken_is_not_kept(sent: bytes, kind: MediaType, size: object) -> None:
    assert WHERE_IT_WAS in sent
    kept = read_picture(sent).content
    assert not any(said in kept for said in (WHERE_IT_WAS, b"Mrs Lin", b"Plum Lane", b"hides", b"EXIF"))
    again = read_picture(kept)
    assert (again.content, again.media_type) == (kept, kind)


@pytest.mark.parametrize(("sent", "kind", "size"), MADE, ids=KINDS)
def test_a_picture_that_is_cut_off_anywhere_is_refused(sent: bytes, kind: object, size: object) -> None:
    whole = len(sent) - (len(b"what hides behind the picture") if kind is MediaType.JPEG else 0)
    for length in range(whole):
        with pytest.raises(PictureRefused):
            read_picture(sent[:length])


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GIF89a" + bytes(100),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"\xff\xd8\xff\xd9",
    ],
)
def test_what_is_no_such_picture_is_refused(sent: bytes) -> None:
    with pytest.raises(PictureRefused):
        read_picture(sent)


def test_what_is_too_large_is_refused() -> None:
    with pytest.raises(PictureTooLarge):
        read_picture(a_jpeg(filling=MOST_BYTES))
    for width, height in ((0, 10), (10, 0), (9000, 10), (10, 9000)):
        with pytest.raises(PictureTooLarge):
            read_picture(a_jpeg(width, height))
