"""Files as customers send them."""

import io

from PIL import Image

# 39.9° N, 116.4° E, as a telephone writes it into a photograph.
_GPS = {1: "N", 2: (39.0, 54.0, 26.0), 3: "E", 4: (116.0, 23.0, 29.0)}


def photo(form: str = "JPEG", size: tuple[int, int] = (900, 600), **options: object) -> bytes:
    """A picture of the given form."""
    picture = Image.radial_gradient("L").resize(size).convert("RGB")
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def photo_with_place() -> bytes:
    """A JPEG that says where and with what it was taken, and lies on its side."""
    exif = Image.Exif()
    exif[0x010F] = "SecretPhone"
    exif[0x0112] = 6
    exif[0x8825] = _GPS
    return photo(exif=exif)


def moving() -> bytes:
    """A GIF of three frames with a comment."""
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=120, comment=b"secret comment")
    return out.getvalue()


HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(64)
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
