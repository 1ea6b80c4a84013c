"""What a file is, by its bytes; and what is left of it."""

import io
import struct
import zlib

import pytest
from PIL import Image

from actions.file_content import LONGEST_SIDE, SHOWN, SIZE_LIMIT, FileRefused, examine, media_type_of, tidy_name
from tests.actions.pictures import HEIC, PDF, moving, photo, photo_with_place


def refused(data: bytes, name: str = "a.jpg") -> str:
    with pytest.raises(FileRefused) as refusal:
        examine(data, name)
    return refusal.value.code


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (photo(), "image/jpeg"),
        (photo("PNG"), "image/png"),
        (photo("WEBP"), "image/webp"),
        (moving(), "image/gif"),
        (HEIC, "image/heic"),
        (PDF, "application/pdf"),
        ("收据：三百元\n".encode(), "text/plain"),
        ("收据：三百元\n".encode("gb18030"), "text/plain"),
        ("收据\r\n".encode("utf-16"), "text/plain"),
    ],
)
def test_a_type_is_told_by_the_bytes_and_not_by_the_name(data: bytes, media_type: str) -> None:
    assert examine(data, "virus.exe").media_type == media_type


@pytest.mark.parametrize(
    "data",
    [
        b"MZ\x90\x00\x03\x00\x00\x00",
        b"PK\x03\x04\x14\x00\x06\x00",
        b"\x7fELF\x02\x01\x01\x00",
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00",
        b"II*\x00\x08\x00\x00\x00",
        bytes(range(256)),
    ],
)
def test_everything_else_is_refused_whatever_it_is_called(data: bytes) -> None:
    assert refused(data, "holiday.jpg") == "file_type"


RECORDINGS = [
    (b"#!AMR\n" + bytes(9), "audio/amr", ".amr"),
    (b"#!AMR-WB\n" + bytes(9), "audio/amr", ".amr"),
    (b"\x02#!SILK_V3" + bytes(9), "audio/silk", ".silk"),
    (b"#!SILK_V3" + bytes(9), "audio/silk", ".silk"),
    (b"OggS" + bytes(24) + b"Speex   1.2", "audio/speex", ".spx"),
    (b"ID3\x04\x00" + bytes(9), "audio/mpeg", ".mp3"),
    (b"\xff\xfb\x90\x00" + bytes(9), "audio/mpeg", ".mp3"),
    (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00", "video/mp4", ".mp4"),
    (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00", "video/mp4", ".mp4"),
    (b"\x00\x00\x00\x18ftyp3gp4\x00\x00\x00\x00", "video/3gpp", ".3gp"),
    (b"\x00\x00\x00\x18ftypqt  \x00\x00\x00\x00", "video/quicktime", ".mov"),
]


@pytest.mark.parametrize(("data", "media_type", "ending"), RECORDINGS)
def test_what_messengers_record_is_taken_from_them_and_from_nobody_else(
    data: bytes, media_type: str, ending: str
) -> None:
    found = examine(data, "message.html", recordings=True)
    assert (found.media_type, found.name, found.content, found.small) == (
        media_type,
        f"message.html{ending}",
        data,
        None,
    )
    # Never shown within a page: it is only saved.
    assert media_type not in SHOWN
    assert refused(data) in ("file_type", "file_damaged")


def test_pictures_and_papers_are_taken_beside_recordings() -> None:
    assert examine(photo(), "a.jpg", recordings=True).media_type == "image/jpeg"
    assert examine(PDF, "a.pdf", recordings=True).media_type == "application/pdf"
    assert examine(HEIC, "a.heic", recordings=True).media_type == "image/heic"


def test_an_empty_or_too_large_file_is_refused() -> None:
    assert refused(b"") == "file_empty"
    assert refused(b"a" * (SIZE_LIMIT + 1)) == "file_too_large"


def test_where_and_with_what_a_photograph_was_taken_is_gone_and_it_stands_upright() -> None:
    original = photo_with_place()
    assert b"SecretPhone" in original
    found = examine(original, "IMG_1.jpg")
    assert b"SecretPhone" not in found.content and b"Exif" not in found.content
    with Image.open(io.BytesIO(found.content)) as picture:
        assert picture.size == (600, 900) and not picture.getexif()


def test_what_hides_behind_the_end_of_a_picture_is_gone() -> None:
    for form in ("JPEG", "PNG", "WEBP"):
        found = examine(photo(form) + b"<script>alert(1)</script>", "a")
        assert b"<script>" not in found.content, form


def test_the_words_in_a_picture_file_are_gone() -> None:
    assert b"secret comment" in moving()
    found = examine(moving(), "cat.gif")
    assert b"secret comment" not in found.content
    with Image.open(io.BytesIO(found.content)) as picture:
        assert getattr(picture, "n_frames", 1) == 3


def test_a_small_copy_is_made_and_a_huge_picture_is_kept_at_a_readable_size() -> None:
    found = examine(photo("PNG", (6000, 1000)), "long.png")
    with Image.open(io.BytesIO(found.content)) as picture:
        assert picture.width == LONGEST_SIDE
    assert found.small is not None
    with Image.open(io.BytesIO(found.small)) as small:
        assert small.format == "WEBP" and max(small.size) == 480


def test_a_picture_that_unpacks_without_end_is_never_unpacked() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )
    assert refused(bomb, "a.png") == "picture_too_large"


def test_a_damaged_picture_is_refused() -> None:
    assert refused(photo()[:2000]) == "file_damaged"
    assert refused(b"\xff\xd8\xff\xe0 nothing more") == "file_damaged"


def test_transparency_is_kept() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(out, "PNG")
    with Image.open(io.BytesIO(examine(out.getvalue(), "logo.png").content)) as picture:
        assert picture.mode == "RGBA"


@pytest.mark.parametrize(
    ("given", "media_type", "tidied"),
    [
        ("收据.JPG", "image/jpeg", "收据.jpg"),
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("C:\\Users\\li\\发票.pdf", "application/pdf", "发票.pdf"),
        ("invoice.html", "text/plain", "invoice.html.txt"),
        ("photo\u202egpj.exe", "image/png", "photogpj.exe.png"),
        ("a\r\nSet-Cookie: x.txt", "text/plain", "aSet-Cookie: x.txt"),
        ("", "image/png", "file.png"),
        (" . ", "image/png", "file.png"),
        ("长" * 500 + ".png", "image/png", "长" * 120 + ".png"),
    ],
)
def test_a_name_loses_its_path_and_its_tricks(given: str, media_type: str, tidied: str) -> None:
    assert tidy_name(given, media_type) == tidied


def test_text_is_kept_as_utf8() -> None:
    assert examine("三百元".encode("gb18030"), "a.txt").content.decode() == "三百元"
    assert media_type_of(b"plain words") == "text/plain"


def gif_parts(picture: bytes) -> tuple[bytes, bytes]:
    """What stands before the first picture of a GIF, and that picture."""
    start = 13 + (3 * 2 ** ((picture[10] & 7) + 1) if picture[10] & 0x80 else 0)
    at = start
    while picture[at] == 0x21:  # an extension: its blocks, each behind its length
        at += 2
        while picture[at]:
            at += picture[at] + 1
        at += 1
    return picture[:start], picture[at:-1]


def drawn(size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("P", size).save(out, "GIF")
    return out.getvalue()


def test_a_moving_picture_whose_later_frames_are_larger_than_it_says_is_not_drawn() -> None:
    head, dot = gif_parts(drawn((1, 1)))
    _, large = gif_parts(drawn((8000, 8000)))
    assert refused(head + dot + large * 3 + b";") == "picture_too_large"
    assert examine(head + dot + dot + b";", "a.gif").media_type == "image/gif"


def test_a_profile_of_other_colours_is_not_kept() -> None:
    out = io.BytesIO()
    Image.new("CMYK", (20, 20)).save(out, "JPEG", icc_profile=b"of four inks")
    kept = Image.open(io.BytesIO(examine(out.getvalue(), "a.jpg").content))
    assert kept.mode == "RGB" and "icc_profile" not in kept.info
    kept = Image.open(io.BytesIO(examine(photo(icc_profile=b"of a telephone"), "a.jpg").content))
    assert kept.info["icc_profile"] == b"of a telephone"
