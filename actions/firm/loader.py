"""All of the firm's facts as one object; whatever contradicts itself is refused at start."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from actions.firm import models
from actions.firm.calendar import WorkingCalendar
from actions.words.catalogue import Catalogue
from recovery.failures import Category, leading_category
from recovery.remedies import Authority, Choice, RemedyPolicy, RemedyRule, RemedyTerm
from recovery.service_levels import ServiceLevels, TimeLimit, due_at
from recovery.severity import Severity
from store.blueprint import Blueprint, read_blueprint
from store.firm_files import FirmDataError, read_yaml


@dataclass(frozen=True)
class Firm:
    """What is particular to the firm."""

    file: models.FirmFile
    policy: RemedyPolicy
    service_levels: ServiceLevels
    departments: tuple[models.DepartmentFile, ...]
    categories: dict[str, models.Bilingual]
    calendar: WorkingCalendar
    words: Catalogue
    blueprint: Blueprint

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.file.zone)

    def department_for(self, categories: Sequence[str]) -> models.DepartmentFile:
        """Who takes the failure: by the leading category, else the front door."""
        leading = leading_category(categories)
        for department in self.departments:
            if leading in department.categories:
                return department
        return self.departments[0]

    def first_response_due(self, start: datetime, severity: Severity) -> datetime:
        return self.due(start, self.service_levels.first_response[severity])

    def resolution_due(self, start: datetime, severity: Severity) -> datetime:
        return self.due(start, self.service_levels.resolution[severity])

    def local(self, moment: datetime) -> datetime:
        """A moment in the firm's zone, as people are shown it."""
        return moment.astimezone(self.zone)

    def service_step_for(self, categories: Sequence[str]) -> str:
        """The step of the service blueprint that the leading category is laid to; empty where none fits."""
        return self.blueprint.step_of(leading_category(categories))

    def due(self, start: datetime, limit: TimeLimit) -> datetime:
        return due_at(start, limit, self.zone, self.calendar.is_worked)

    def category_name(self, key: str, language: str) -> str:
        name = self.categories.get(key)
        return key if name is None else name.in_language(language)


def load_firm(folder: Path) -> Firm:
    """Read and check ``folder``.

    Raises:
        FirmDataError: with file and line of the mistake.
    """
    file = read_yaml(folder / "firm.yml", models.FirmFile)
    taxonomy = read_yaml(folder / "taxonomy.yml", models.TaxonomyFile)
    departments = read_yaml(folder / "departments.yml", models.DepartmentsFile)
    remedies = read_yaml(folder / "remedies.yml", models.RemediesFile)
    authority = read_yaml(folder / "authority.yml", models.AuthorityFile)
    levels = read_yaml(folder / "service_levels.yml", models.ServiceLevelsFile)
    calendar = read_yaml(folder / "calendar.yml", models.CalendarFile)
    blueprint = read_blueprint(folder)
    categories = {entry.key: entry.name for entry in taxonomy.categories}
    if missing := set(Category) - set(categories):
        raise FirmDataError(f"{folder / 'taxonomy.yml'}:1: no name for {', '.join(sorted(missing))}")
    for department in departments.departments:
        _known(folder / "departments.yml", department.categories, categories)
    for rule in remedies.remedy_rules:
        _known(folder / "remedies.yml", rule.categories, categories)
    words = Catalogue.read(folder / "replies")
    for kind in {term.kind for rule in remedies.remedy_rules for choice in rule.choices for term in choice}:
        if not words.has(f"remedy.{kind}"):
            line = _line_naming(folder / "remedies.yml", f"kind: {kind}")
            raise FirmDataError(f"{folder / 'remedies.yml'}:{line}: no reply says what a {kind} is (remedy.{kind})")
    for step in blueprint.service_steps:
        _known(folder / "blueprint.yml", step.categories, categories)
    return Firm(
        file=file,
        policy=_policy(file.currency, remedies, authority),
        service_levels=ServiceLevels(levels.acknowledgement, dict(levels.first_response), dict(levels.resolution)),
        departments=tuple(departments.departments),
        categories=categories,
        calendar=WorkingCalendar(calendar.public_calendar, frozenset(calendar.days_off), frozenset(calendar.worked)),
        words=words,
        blueprint=blueprint,
    )


def _known(path: Path, named: Sequence[str], categories: dict[str, models.Bilingual]) -> None:
    for key in named:
        if key not in categories:
            line = _line_naming(path, key)
            raise FirmDataError(f"{path}:{line}: there is no category {key!r} in taxonomy.yml")


def _line_naming(path: Path, words: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((number for number, text in enumerate(lines, 1) if words in text), 1)


def _policy(currency: str, remedies: models.RemediesFile, authority: models.AuthorityFile) -> RemedyPolicy:
    rules = tuple(
        RemedyRule(
            id=rule.id,
            categories=tuple(rule.categories),
            severities=tuple(rule.severities),
            choices=tuple(
                Choice(tuple(RemedyTerm(t.kind, t.percent_of_order, t.amount, t.at_most) for t in choice))
                for choice in rule.choices
            ),
            approved_by=rule.approved_by,
            approved_on=rule.approved_on,
        )
        for rule in remedies.remedy_rules
    )
    limits: dict[Authority, int] = dict(authority.limits)
    return RemedyPolicy(currency, rules, limits)
