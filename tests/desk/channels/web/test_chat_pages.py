"""The chat's pages: what protects them, and what they say."""

import json
import re

import pytest
from yarl import URL

from desk.channels.web.pages import STATIC, content_security_policy

TEMPLATES = STATIC.parent / "templates"
CATALOGUE = STATIC / "words.js"
SCRIPTS = sorted(STATIC.glob("*.js"))


def catalogue() -> dict[str, dict[str, str]]:
    """The words of the page, read as the strict JSON that they are."""
    found = re.search(
        r"^export const WORDS = (\{.*\});$", CATALOGUE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert found
    words: dict[str, dict[str, str]] = json.loads(found[1])
    return words


def directives(policy: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in policy.split(";"))}


@pytest.mark.parametrize("path", ["/", "/?embedded=1", "/chat/privacy"])
async def test_the_policy_lets_in_nothing_foreign_and_only_listed_sites_frame_it(client, path):
    response = await client.get(path)
    assert response.status == 200
    assert directives(response.headers["Content-Security-Policy"]) == {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "connect-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "frame-ancestors": ["'self'", "https://shop.example"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }


def test_only_the_origin_of_a_listed_site_counts_and_none_means_only_us():
    policy = content_security_policy(("https://shop.example/de", "http://localhost:3000"))
    assert directives(policy)["frame-ancestors"] == ["'self'", "https://shop.example", "http://localhost:3000"]
    assert directives(content_security_policy(()))["frame-ancestors"] == ["'self'"]


async def test_every_answer_is_protected_and_sets_no_cookie(client):
    for path in ("/", "/widget.js", "/chat/privacy", "/chat/static/chat.css", "/chat/events", "/chat/nowhere"):
        response = await client.get(path)
        assert response.headers["X-Content-Type-Options"] == "nosniff", path
        assert response.headers["Referrer-Policy"] == "no-referrer", path
        assert "Content-Security-Policy" in response.headers, path
        assert "Set-Cookie" not in response.headers, path


async def test_other_pages_keep_their_own_headers(client):
    assert "Content-Security-Policy" not in (await client.get("/healthz")).headers


@pytest.mark.parametrize("path", ["/widget.js", "/chat/static/chat.js"])
async def test_scripts_are_asked_for_again_and_not_sent_again(client, path):
    response = await client.get(path)
    assert response.content_type in ("text/javascript", "application/javascript")
    assert response.headers["Cache-Control"] == "no-cache"
    again = await client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status == 304


async def test_what_was_said_is_never_cached(alice):
    await alice.begin()
    assert (await alice.write("It arrived broken")).headers["Cache-Control"] == "no-store"
    response = await alice.client.get("/chat/events", headers=alice.headers)
    assert "no-cache" in response.headers["Cache-Control"]
    response.close()


async def test_files_beside_the_static_ones_are_not_served(client):
    for path in ("/chat/static/../views.py", "/chat/static/%2e%2e/views.py", "/chat/static/"):
        assert (await client.get(URL(path, encoded=True))).status in (403, 404)


async def test_the_page_loads_only_what_is_there(client):
    text = await (await client.get("/")).text()
    named = set(re.findall(r'(?:src|href)="(/[^"]*)"', text))
    for script in SCRIPTS:
        named |= {f"/chat/static/{name}" for name in re.findall(r'from "\./([\w.]+)"', script.read_text())}
    assert len(named) > 10
    for path in named:
        assert (await client.get(path)).status == 200, path


@pytest.mark.parametrize(
    ("accepted", "language", "name"), [("zh-CN,en;q=0.5", "zh-Hans", "示例商城"), ("en-GB", "en", "Example Store")]
)
async def test_the_page_bears_the_firms_name_in_the_visitors_language(client, accepted, language, name):
    text = await (await client.get("/", headers={"Accept-Language": accepted})).text()
    assert f'<html lang="{language}"' in text
    assert f"<title>{name}</title>" in text


async def test_a_site_can_fix_the_language_and_nothing_else_gets_in(client):
    assert 'data-language="en"' in await (await client.get("/?language=en")).text()
    text = await (await client.get("/", params={"language": '"><script>'})).text()
    assert 'data-language=""' in text
    assert "<script>" not in text


async def test_the_privacy_notice_is_the_firms_in_both_languages(client, firm):
    text = await (await client.get("/chat/privacy")).text()
    assert firm.file.privacy_notice.zh in text
    assert firm.file.privacy_notice.en in text


def test_both_languages_have_the_same_words_filled_in_by_the_same_values():
    words = catalogue()
    assert set(words) == {"zh", "en"}
    assert words["zh"].keys() == words["en"].keys()
    for key, zh in words["zh"].items():
        assert zh.strip(), key
        assert words["en"][key].strip(), key
        assert set(re.findall(r"\{\w+\}", zh)) == set(re.findall(r"\{\w+\}", words["en"][key])), key


def test_every_word_is_used_and_every_word_used_is_there():
    sources = "".join(path.read_text() for path in [*SCRIPTS, *TEMPLATES.glob("*.html")] if path != CATALOGUE)
    for key in catalogue()["zh"]:
        built = key.startswith(("holder_", "starter_"))
        assert built or f'"{key}"' in sources, key
    for control in ("bot", "queued", "staff"):
        assert f"holder_{control}" in catalogue()["zh"]
    named = set(re.findall(r'(?:data-(?:words|label|placeholder)=|\bwords\(|notify\()"(\w+)"', sources))
    assert len(named) > 20
    assert named <= catalogue()["zh"].keys()


def test_chinese_is_punctuated_as_chinese():
    for key, text in catalogue()["zh"].items():
        assert not re.search(r"[\u4e00-\u9fff][,?!:;]|[,?!:;][\u4e00-\u9fff]", text), key


def test_text_reaches_the_page_only_as_text():
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|setHTML|document\.write|DOMParser|srcdoc"
        r"|\beval\b|new Function|javascript:"
    )
    for script in SCRIPTS:
        assert not forbidden.search(script.read_text(encoding="utf-8")), script.name
    for template in TEMPLATES.glob("*.html"):
        assert not re.search(r"\son\w+=|\sstyle=|<style|\|\s*safe", template.read_text(encoding="utf-8")), template.name
