"""Files that a phone would send: small, and right by their first bytes."""

import io

from PIL import Image, ImageDraw

# RFC 4867 section 5: the sign of the file, then frames of silence at 12.2 kbit/s.
AMR = b"#!AMR\n" + (b"\x3c" + b"\x00" * 31) * 25
# ISO/IEC 14496-12: a file type box and an empty one for the film.
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42" + b"\x00\x00\x00\x08mdat"


def picture(words: str = "", colour: str = "#d9d4c7") -> bytes:
    """A JPEG."""
    image = Image.new("RGB", (480, 360), colour)
    draw = ImageDraw.Draw(image)
    draw.polygon([(90, 120), (240, 60), (390, 120), (390, 270), (240, 330), (90, 270)], fill="#b08d57")
    draw.line([(120, 100), (300, 300)], fill="#3d2b1f", width=9)
    draw.text((20, 330), words, fill="#333333")
    found = io.BytesIO()
    image.save(found, "JPEG")
    return found.getvalue()
