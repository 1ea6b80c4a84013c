"""The monthly reports at the desk: the months there are, and each as a file."""

import re

import pytest

from desk.console import report_pages
from store.database import Database
from tests.analytics.imagined_history import Complaint, keep
from tests.desk.console.conftest import Open


async def test_without_a_complaint_there_is_no_month(browser: Open) -> None:
    page = await (await browser("alice")).read("/desk/analytics/report")
    assert "No month yet" in page and ".html" not in page


async def test_each_month_is_a_file_to_download(
    browser: Open, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Heard on 2 March; the test's clock stands on 18 November.
    keep(sqlite_database, [Complaint(1, 0).resolved(2).rated(5)])
    monkeypatch.setattr(report_pages, "find_browser", lambda _: "/a/browser")
    monkeypatch.setattr(report_pages, "as_pdf", lambda page, _: b"%PDF " + page.encode()[:40])
    quinn = await browser("quinn")
    page = await quinn.read("/desk/analytics/report")
    links = re.findall(r'href="(/desk/analytics/report/[^"]+)"', page)
    months = list(dict.fromkeys(link.split("/")[-1].split(".")[0] for link in links))
    assert months == [f"2026-{month:02d}" for month in range(11, 2, -1)]
    assert len(links) == len(months) * 4 and page.count("not over yet") == 1
    found = await quinn.get("/desk/analytics/report/2026-03.html?language=en")
    assert found.headers["Content-Disposition"] == 'attachment; filename="amends-2026-03-en.html"'
    assert "Quality report, March 2026" in await found.text()
    printed = await quinn.get("/desk/analytics/report/2026-03.pdf?language=zh")
    assert (printed.status, printed.content_type) == (200, "application/pdf")
    assert (await printed.read()).startswith(b"%PDF")


@pytest.mark.parametrize(
    "address", ["2026-13.html", "2026-12.html", "2026-03.doc", "x.html", "2026-03.html?language=fr"]
)
async def test_what_there_is_no_report_of_is_not_found(browser: Open, address: str) -> None:
    assert (await (await browser("alice")).get(f"/desk/analytics/report/{address}")).status == 404


async def test_without_a_browser_the_page_says_so(
    browser: Open, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(sqlite_database, [Complaint(1, 0)])
    monkeypatch.setattr(report_pages, "find_browser", lambda _: None)
    alice = await browser("alice")
    page = await alice.read("/desk/analytics/report")
    assert "needs Chromium" in page and ".pdf" not in page
    assert (await alice.get("/desk/analytics/report/2026-03.pdf")).status == 503
