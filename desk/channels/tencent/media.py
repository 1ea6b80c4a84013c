"""Files that customers sent to Tencent; both products keep them the same way ("获取临时素材")."""

import json
from dataclasses import dataclass

from actions.file_content import SIZE_LIMIT
from desk.channels.tencent.calling import Caller, Refused
from desk.channels.tencent.error_codes import Disposition


@dataclass(frozen=True, slots=True)
class FetchedMedia:
    """A file as it came.

    Attributes:
        name: the sender's claim; empty where there is none.
        media_type: the channel's claim; the bytes alone say what it is.
    """

    data: bytes
    name: str
    media_type: str


async def fetch(caller: Caller, path: str, media_id: str) -> FetchedMedia:
    """A file that Tencent keeps.

    Raises:
        TooLarge: it is larger than we take; no more than that is read.
        Refused: it is gone, or could not be had.
    """
    came = await caller.download(path, {"media_id": media_id}, SIZE_LIMIT)
    if came.is_json and (address := _video_address(came.data)):
        # "如果返回的是视频消息素材": an official account gets the address of a video instead.
        if not caller.may_fetch(address):
            raise Refused(None, Disposition.OTHER, path)
        came = await caller.fetch_address(address, SIZE_LIMIT)
    if not came.data or (came.is_json and came.media_type == "application/json"):
        raise Refused(None, Disposition.OTHER, path)
    return FetchedMedia(came.data, came.name, came.media_type)


def _video_address(data: bytes) -> str:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    address = found.get("video_url") if isinstance(found, dict) else None
    return address if isinstance(address, str) else ""
