"""What a file is, judged by its bytes alone; pictures are drawn anew, so that nothing rides along in them.

A name or a header is the sender's claim and counts for nothing. Drawing a picture anew drops where and with what it was
taken (EXIF, GPS), comments, and whatever stands behind its end. docs/decisions/0008-attachments.md gives the choice.
"""

import io
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

from PIL import Image, ImageOps

SIZE_LIMIT = 10 * 1024 * 1024
# A picture unpacks to three or four bytes a pixel: what claims to be larger is not opened.
PIXEL_LIMIT = 50_000_000
# Longer than any screen, long enough for the small print of a receipt.
LONGEST_SIDE = 4096
SMALL_SIDE = 480
_FRAMES_AT_MOST = 100
_NAME_LENGTH = 120

# The endings that a file of each type may have; the first is added where it has none of them.
ENDINGS = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "image/gif": (".gif",),
    "image/heic": (".heic", ".heif"),
    "application/pdf": (".pdf",),
    "text/plain": (".txt", ".log", ".csv", ".md"),
}
# What customers of messengers speak and film; nobody uploads it, and no browser of ours ever plays it.
RECORDING_ENDINGS = {
    "audio/amr": (".amr",),
    "audio/silk": (".silk",),
    "audio/speex": (".spx",),
    "audio/mpeg": (".mp3",),
    "video/mp4": (".mp4", ".m4v"),
    "video/3gpp": (".3gp",),
    "video/quicktime": (".mov",),
}
# What a browser may show within a page; everything else is only saved.
SHOWN = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/gif": "GIF"}
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
# Of films, the first letters of the brand (ISO/IEC 14496-12, the file type box).
_FILM_BRANDS = {
    b"isom": "video/mp4",
    b"iso": "video/mp4",
    b"mp4": "video/mp4",
    b"avc1": "video/mp4",
    b"M4V": "video/mp4",
    b"3gp": "video/3gpp",
    b"3g2": "video/3gpp",
    b"qt": "video/quicktime",
}
_LINE_SIGNS = frozenset("\t\n\r\f")


class FileRefused(Exception):
    """The file is not taken; ``code`` names why: ``file_empty``, ``file_too_large``, ``file_type``, ``file_damaged``,
    ``picture_too_large``, ``too_many_files``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file that is safe to keep.

    Attributes:
        name: without path and tricks, with an ending that says what the file is.
        small: of a picture, a copy of at most 480 × 480 as WebP; None where there is none.
    """

    name: str
    media_type: str
    content: bytes
    small: bytes | None


def examine(data: bytes, name: str, *, recordings: bool = False) -> FileContent:
    """Judge ``data`` and make it safe; costs up to a second of one core, so not on the event loop.

    Args:
        recordings: whether voice messages and films are taken, too.

    Raises:
        FileRefused: it is empty, too large, of no safe type, or damaged.
    """
    if not data:
        raise FileRefused("file_empty")
    if len(data) > SIZE_LIMIT:
        raise FileRefused("file_too_large")
    recorded = recording_type_of(data) if recordings else None
    if recorded is not None:
        return FileContent(tidy_name(name, recorded), recorded, data, None)
    media_type = media_type_of(data)
    small = None
    if media_type in _FORMATS:
        data, small = _draw_anew(data, media_type)
    elif media_type == "text/plain":
        data = _as_text(data).encode()
    return FileContent(tidy_name(name, media_type), media_type, data, small)


def media_type_of(data: bytes) -> str:
    """The type by the file's first bytes; text is what reads as text.

    Raises:
        FileRefused: it is none of the safe types.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return "image/heic"
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    _as_text(data)
    return "text/plain"


def recording_type_of(data: bytes) -> str | None:
    """The type of a voice message or film by its first bytes; None where it is neither.

    AMR: RFC 4867 section 5. SILK as WeChat keeps it has a byte 2 before its sign. MP3: an ID3 tag, or the sign of a
    frame of MPEG audio layer III (ISO/IEC 11172-3).
    """
    if data.startswith((b"#!AMR\n", b"#!AMR-WB\n")):
        return "audio/amr"
    if data.startswith((b"#!SILK_V3", b"\x02#!SILK_V3")):
        return "audio/silk"
    if data.startswith(b"OggS") and b"Speex   " in data[:64]:
        return "audio/speex"
    if data.startswith((b"ID3", b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2")):
        return "audio/mpeg"
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        return next((kind for start, kind in _FILM_BRANDS.items() if brand.startswith(start)), None)
    return None


def tidy_name(name: str, media_type: str) -> str:
    """The name without path, control signs and reversed writing, with an ending that fits the type.

    ``invoice.html`` of plain text becomes ``invoice.html.txt``: opened from a folder, it stays text.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    plain = " ".join("".join(c for c in last if c.isprintable()).split()).strip(" .")
    endings = ENDINGS.get(media_type) or RECORDING_ENDINGS[media_type]
    stem, ending = PurePosixPath(plain).stem, PurePosixPath(plain).suffix
    if ending.lower() not in endings:
        stem, ending = plain, endings[0]
    return (stem.strip(" .")[:_NAME_LENGTH] or "file") + ending.lower()


def _as_text(data: bytes) -> str:
    """The text, from UTF-8, UTF-16 with its mark, or GB 18030, as Chinese Windows writes it."""
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Each sign once: ten megabytes of text would take seconds.
        if all(c in _LINE_SIGNS or unicodedata.category(c) not in ("Cc", "Cn", "Co", "Cs") for c in set(text)):
            return text
    raise FileRefused("file_type")


def _draw_anew(data: bytes, media_type: str) -> tuple[bytes, bytes]:
    """The picture and its small copy, drawn anew.

    Raises:
        FileRefused: it cannot be read, or claims to be larger than anybody's camera makes.
    """
    try:
        with Image.open(io.BytesIO(data), formats=[_FORMATS[media_type]]) as image:
            if image.width * image.height > PIXEL_LIMIT:
                raise FileRefused("picture_too_large")
            if media_type == "image/gif" and 1 < getattr(image, "n_frames", 1) <= _FRAMES_AT_MOST:
                moving = _moving(image)
                image.seek(0)
                return moving, _small(_plain(image))
            # A JPEG unpacks straight to about the size that is kept.
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            plain = _plain(image)
            plain.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            drawn = io.BytesIO()
            if media_type == "image/jpeg":
                # A profile of other colours than the picture now has would give it wrong ones.
                profile = image.info.get("icc_profile") if image.mode == "RGB" else None
                colours = {"icc_profile": profile} if profile else {}
                plain.convert("RGB").save(drawn, "JPEG", quality=88, optimize=True, **colours)
            elif media_type == "image/webp":
                plain.save(drawn, "WEBP", quality=85)
            else:
                plain.save(drawn, _FORMATS[media_type])
            return drawn.getvalue(), _small(plain)
    except FileRefused:
        raise
    except Image.DecompressionBombError:
        raise FileRefused("picture_too_large") from None
    except Exception as error:
        # Readers of pictures raise whatever the damage leads to.
        raise FileRefused("file_damaged") from error


def _plain(image: Image.Image) -> Image.Image:
    """The picture upright, in plain colours, with nothing beside its dots."""
    upright = ImageOps.exif_transpose(image)
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        plain = upright.convert("RGBA")
    else:
        plain = upright.convert("L" if upright.mode in ("1", "L") else "RGB")
    plain.info = {}
    return plain


def _moving(image: Image.Image) -> bytes:
    """A GIF that moves, frame by frame.

    Raises:
        FileRefused: its frames are too large together; each may be larger than the head of the file said.
    """
    frames, lengths, dots = [], [], 0
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        dots += image.width * image.height
        if dots > PIXEL_LIMIT:
            raise FileRefused("picture_too_large")
        lengths.append(image.info.get("duration", 100))
        frames.append(_plain(image))
    drawn = io.BytesIO()
    frames[0].save(drawn, "GIF", save_all=True, append_images=frames[1:], duration=lengths, loop=0)
    return drawn.getvalue()


def _small(plain: Image.Image) -> bytes:
    small = plain.copy()
    small.thumbnail((SMALL_SIDE, SMALL_SIDE))
    drawn = io.BytesIO()
    small.save(drawn, "WEBP", quality=75)
    return drawn.getvalue()
