"""``python -m analytics report``: the report of a month, as HTML and PDF."""

import argparse
import json
import sys
from pathlib import Path

from pydantic import BaseModel

from analytics.commands.asking import Commands
from analytics.firm_zone import firm_zone
from analytics.reporting.month import month_of, read_month
from analytics.reporting.printing import CannotPrint, as_pdf, find_browser
from analytics.reporting.report import MonthlyReport, monthly_report
from analytics.reporting.words import LANGUAGES
from analytics.roll_up import roll_up
from analytics.surroundings import Surroundings
from store.database import Database
from store.firm_files import read_yaml
from store.settings import Settings

_HELP = "the report of a month, as one HTML file and as PDF"


class _Language(BaseModel):
    language: str = "zh"


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("report", help=_HELP, description=_HELP[0].upper() + _HELP[1:] + ".")
    parser.add_argument("--month", metavar="MONTH", help="such as 2026-10, in the firm's zone (default the last one)")
    parser.add_argument("--language", choices=LANGUAGES, help="default that of firm.yml")
    parser.add_argument(
        "--out", type=Path, default=Path(), metavar="FOLDER", help="where the files are written (default here)"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON and write no file")
    parser.set_defaults(run=_report)


def _report(settings: Settings, database: Database, options: argparse.Namespace) -> int:
    zone = firm_zone(settings.firm)
    today = database.clock().astimezone(zone).date()
    month = read_month(options.month) if options.month else month_of(today).before
    roll_up(database, zone)
    with database.reading() as work:
        report = monthly_report(work, Surroundings(zone, settings.firm), month)
    if options.json:
        print(json.dumps(report.to_json(), ensure_ascii=False, indent=2))
        return 0
    spoken = read_yaml(settings.firm / "firm.yml", _Language).language
    language = options.language or (spoken if spoken in LANGUAGES else "en")
    return _write(report, language, options.out, settings.browser)


def _write(report: MonthlyReport, language: str, folder: Path, named: str) -> int:
    """Write both files.

    Returns:
        0, also where there is no browser to print with: the HTML holds everything. 1 where one failed, or the folder
        cannot be written.
    """
    page = report.to_html(language)
    path = folder / f"{report.file_name(language)}.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
        print(path)
        browser = find_browser(named)
        if browser is None:
            print("no PDF: no Chromium was found; install one, or name one in AMENDS_BROWSER", file=sys.stderr)
            return 0
        printed = path.with_suffix(".pdf")
        printed.write_bytes(as_pdf(page, browser))
        print(printed)
    except OSError as error:
        print(f"{error.filename or folder}: {error.strerror}", file=sys.stderr)
        return 1
    except CannotPrint as error:
        print(f"no PDF: {error}", file=sys.stderr)
        return 1
    return 0
