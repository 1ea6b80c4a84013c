"""The files by which Tencent sees that a domain is ours; each holds the last part of its own name."""

from aiohttp import web

from desk.keys import CHANNELS


def set_up(app: web.Application) -> None:
    """Serve them, where Tencent looks: at the root."""
    app.router.add_get(r"/{name:(?:MP|WW)_verify_[A-Za-z0-9]{4,64}\.txt}", verification)


async def verification(request: web.Request) -> web.Response:
    """A file that ``channels.yml`` names."""
    name = request.match_info["name"]
    if name not in request.app[CHANNELS].file.verification:
        raise web.HTTPNotFound
    return web.Response(text=name.removesuffix(".txt").rpartition("_")[2])
