"""The browser inside WeChat: pages of the service's, pressed through as a customer does."""

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

# As Tencent's browser names itself, shortened.
AGENT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile MicroMessenger/8.0.50 Language/zh_CN"
_BUTTON = re.compile(r'<a class="go" href="([^"]+)"')
_STEPS = 8


async def open_page(address: str, lead: Callable[[str], str | None]) -> tuple[int, str]:
    """Open an address, agree once to what is asked there, and go where it leads.

    Args:
        lead: where a page of Tencent's leads; the address itself where it is none, None where no page follows.

    Returns:
        Status and words of the last page; 200 and nothing where no page follows.
    """
    async with aiohttp.ClientSession(
        headers={"User-Agent": AGENT, "Accept-Language": "zh-CN"},
        # Loopback by its number is a host like any other here.
        cookie_jar=aiohttp.CookieJar(unsafe=True),
    ) as browser:
        agreed = False
        for _ in range(_STEPS):
            following = lead(address)
            if following is None:
                return 200, ""
            if following != address:
                address = following
                continue
            async with browser.get(address, allow_redirects=False) as response:
                status, page = response.status, await response.text()
                target = response.headers.get("Location", "")
            button = _BUTTON.search(page)
            if 300 <= status < 400:
                address = str(URL(address).join(URL(target, encoded=True)))
            elif button is not None and not agreed:
                agreed = True
                address = str(URL(address).join(URL(unescape(button[1]))))
            else:
                return status, page
    raise AssertionError(f"more than {_STEPS} pages, the last one {urlsplit(address).path}")
