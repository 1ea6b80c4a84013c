"""All of the firm's facts as one object; whatever contradicts itself is refused at start."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from actions.firm import models
from actions.firm.alarms import AlarmsFile
from actions.firm.connectors import ConnectorsFile
from actions.firm.fixes import FixesFile
from actions.firm.guarantees import GuaranteesFile, mistakes_in
from actions.firm.notifications import NotificationsFile
from actions.firm.playbooks import PlaybooksFile
from actions.firm.policy import AuthorityFile, BudgetsFile, RemediesFile, policy_of
from actions.firm.routing import RoutingFile
from actions.firm.security import SecurityFile
from actions.firm.severity import SeverityFile
from actions.firm.tiers import TiersFile
from actions.firm.value import ValueFile
from actions.words.catalogue import Catalogue
from recovery.failures import (
    Category,
    Dimension,
    FailureType,
    Likeness,
    fixed_category,
    leading_category,
    leading_first,
    read_failure,
)
from recovery.policy import RemedyPolicy
from recovery.remedies import RemedyKind
from recovery.service_levels import Measure, ServiceLevels, TimeLimit, due_at, time_counted
from recovery.severity import Severity
from recovery.working_time import WeeklyHours, WorkingTime
from store.blueprint import NO_STEP, Blueprint, read_blueprint
from store.calendar import WorkingCalendar
from store.firm_files import FirmDataError, read_yaml


@dataclass(frozen=True)
class Firm:
    """What is particular to the firm.

    Attributes:
        categories: names by key; the fixed categories and the firm's own.
        like: the fixed category whose rules apply to each of the firm's own where the firm gave it none.
    """

    file: models.FirmFile
    policy: RemedyPolicy
    service_levels: ServiceLevels
    departments: tuple[models.DepartmentFile, ...]
    categories: dict[str, models.Bilingual]
    like: Likeness
    calendar: WorkingCalendar
    hours: dict[str, WeeklyHours]
    words: Catalogue
    blueprint: Blueprint
    security: SecurityFile
    notifications: NotificationsFile
    playbooks: PlaybooksFile
    alarms: AlarmsFile
    routing: RoutingFile
    severity: SeverityFile
    tiers: TiersFile
    value: ValueFile
    connectors: ConnectorsFile
    guarantees: GuaranteesFile
    fixes: FixesFile

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.file.zone)

    def leading_first(self, categories: Sequence[str]) -> list[str]:
        """The categories of a failure as a case keeps them: each once, the leading one first; ``other`` for none."""
        return leading_first(categories, self.like)

    def fixed_categories(self, categories: Sequence[str]) -> set[Category]:
        """The fixed categories whose rules apply."""
        return {fixed_category(key, self.like) for key in categories}

    def read_failure(self, categories: Sequence[str]) -> tuple[FailureType, Dimension]:
        """Type and dimension of a failure, from its leading category."""
        return read_failure(categories, self.like)

    def department_for(self, categories: Sequence[str]) -> models.DepartmentFile:
        """Who takes the failure: by the leading category, else by the one it is like, else the front door."""
        for key in self._leading(categories):
            for department in self.departments:
                if key in department.categories:
                    return department
        return self.departments[0]

    def service_step_for(self, categories: Sequence[str]) -> str:
        """The step of the service blueprint that the leading category is laid to, or the one it is like; empty where
        none fits."""
        return next((step for key in self._leading(categories) if (step := self.blueprint.step_of(key))), NO_STEP)

    def words_for(self, categories: Sequence[str]) -> str:
        """The key of the reply that names the failure."""
        keys = (f"failure.{key}" for key in self._leading(categories))
        return next((key for key in keys if self.words.has(key)), f"failure.{Category.OTHER}")

    def _leading(self, categories: Sequence[str]) -> tuple[str, str]:
        """The leading category, and the fixed one whose rules apply where the firm gave it none."""
        leading = leading_category(categories, self.like)
        return leading, fixed_category(leading, self.like)

    def first_response_due(self, start: datetime, severity: Severity, department: str | None = None) -> datetime:
        return self.due_for(department, start, self.service_levels.first_response[severity])

    def resolution_due(self, start: datetime, severity: Severity, department: str | None = None) -> datetime:
        return self.due_for(department, start, self.service_levels.resolution[severity])

    def local(self, moment: datetime) -> datetime:
        """A moment in the firm's zone, as people are shown it."""
        return moment.astimezone(self.zone)

    def due(self, start: datetime, limit: TimeLimit) -> datetime:
        """When ``limit`` runs out, by the hours of the front door."""
        return self.due_for(None, start, limit)

    def done_by(self, kind: RemedyKind, start: datetime) -> datetime:
        """By when people carry out a remedy that was granted at ``start``."""
        return self.due(start, self.file.call_back_within if kind == RemedyKind.CALL_BACK else self.file.by_hand_within)

    def due_for(self, department: str | None, start: datetime, limit: TimeLimit) -> datetime:
        """When ``limit`` runs out for a department, by its own hours; the front door's for None or an unknown key."""
        return due_at(start, limit, self.zone, self.calendar.is_worked, self.working_time(department))

    def working_time(self, department: str | None) -> WorkingTime:
        """When a department works; the front door for None or an unknown key."""
        found = next((one for one in self.departments if one.key == department), self.departments[0])
        if found.hours is None:
            return WorkingTime(self.zone)
        weekly, kind_of = self.hours[found.hours], self.calendar.kind_of
        return WorkingTime(self.zone, lambda day: weekly.on(day, kind_of(day)))

    def time_counted(self, department: str | None, measure: Measure) -> WorkingTime:
        """The time in which a limit of this measure passes for a department."""
        return time_counted(measure, self.zone, self.calendar.is_worked, self.working_time(department))

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
    remedies = read_yaml(folder / "remedies.yml", RemediesFile)
    authority = read_yaml(folder / "authority.yml", AuthorityFile)
    budgets = read_yaml(folder / "budgets.yml", BudgetsFile)
    levels = read_yaml(folder / "service_levels.yml", models.ServiceLevelsFile)
    calendar = read_yaml(folder / "calendar.yml", models.CalendarFile)
    blueprint = read_blueprint(folder)
    security = read_yaml(folder / "security.yml", SecurityFile)
    categories = {entry.key: entry.name for entry in taxonomy.categories}
    for department in departments.departments:
        _known(folder / "departments.yml", department.categories, categories)
        if department.hours is not None and department.hours not in calendar.hours:
            line = _line_naming(folder / "departments.yml", f"hours: {department.hours}")
            raise FirmDataError(
                f"{folder / 'departments.yml'}:{line}: there are no hours {department.hours!r} in calendar.yml"
            )
    for rule in remedies.remedy_rules:
        _known(folder / "remedies.yml", rule.categories, categories)
    _known(folder / "budgets.yml", list(budgets.categories), categories)
    words = Catalogue.read(folder / "replies")
    for kind in remedies.kinds():
        if not words.has(f"remedy.{kind}"):
            line = _line_naming(folder / "remedies.yml", f"kind: {kind}")
            raise FirmDataError(f"{folder / 'remedies.yml'}:{line}: no reply says what a {kind} is (remedy.{kind})")
    for step in blueprint.service_steps:
        _known(folder / "blueprint.yml", step.categories, categories)
    policy = policy_of(file.currency, remedies, authority, budgets, taxonomy.like)
    return Firm(
        file=file,
        policy=policy,
        service_levels=ServiceLevels(
            levels.acknowledgement,
            dict(levels.first_response),
            dict(levels.resolution),
            dict(levels.next_update),
            dict(levels.consultation),
            levels.warn_at,
            levels.take_back_after,
        ),
        departments=tuple(departments.departments),
        categories=categories,
        like=taxonomy.like,
        calendar=WorkingCalendar(calendar.public_calendar, frozenset(calendar.days_off), frozenset(calendar.worked)),
        hours={name: hours.weekly for name, hours in calendar.hours.items()},
        words=words,
        blueprint=blueprint,
        security=security,
        notifications=_notifications(folder / "notifications.yml", departments),
        playbooks=_playbooks(folder / "playbooks.yml", categories, words),
        alarms=read_yaml(folder / "alarms.yml", AlarmsFile),
        routing=read_yaml(folder / "routing.yml", RoutingFile),
        severity=_severity(folder / "severity.yml", categories),
        tiers=read_yaml(folder / "tiers.yml", TiersFile),
        value=read_yaml(folder / "value.yml", ValueFile),
        connectors=_connectors(folder / "connectors.yml"),
        guarantees=_guarantees(folder / "guarantees.yml", categories, policy),
        fixes=_fixes(folder / "fixes.yml"),
    )


def _fixes(path: Path) -> FixesFile:
    # A firm that came before there was such a file goes by what is usual.
    return read_yaml(path, FixesFile) if path.exists() else FixesFile()


def _guarantees(path: Path, categories: dict[str, models.Bilingual], policy: RemedyPolicy) -> GuaranteesFile:
    # A firm that came before there was such a file guarantees nothing.
    file = read_yaml(path, GuaranteesFile) if path.exists() else GuaranteesFile()
    for mistake in mistakes_in(file, categories, policy):
        raise FirmDataError(f"{path}:{_line_naming(path, mistake.words)}: {mistake.told}")
    return file


def _connectors(path: Path) -> ConnectorsFile:
    # A firm that came before there was such a file works with the store's twins.
    return read_yaml(path, ConnectorsFile) if path.exists() else ConnectorsFile()


def _notifications(path: Path, departments: models.DepartmentsFile) -> NotificationsFile:
    file = read_yaml(path, NotificationsFile)
    known = {department.key for department in departments.departments}
    for key in sorted(file.departments_named() - known):
        raise FirmDataError(f"{path}:{_line_naming(path, key)}: there is no department {key!r} in departments.yml")
    return file


def _playbooks(path: Path, categories: dict[str, models.Bilingual], words: Catalogue) -> PlaybooksFile:
    file = read_yaml(path, PlaybooksFile)
    for playbook in file.playbooks:
        _known(path, playbook.categories, categories)
        for kind in {term.kind for choice in playbook.choices for term in choice}:
            if not words.has(f"remedy.{kind}"):
                line = _line_naming(path, f"kind: {kind}")
                raise FirmDataError(f"{path}:{line}: no reply says what a {kind} is (remedy.{kind})")
    return file


def _severity(path: Path, categories: dict[str, models.Bilingual]) -> SeverityFile:
    file = read_yaml(path, SeverityFile)
    for rule in file.severity_rules:
        _known(path, rule.when.categories, categories)
    return file


def _known(path: Path, named: Sequence[str], categories: dict[str, models.Bilingual]) -> None:
    for key in named:
        if key not in categories:
            line = _line_naming(path, key)
            raise FirmDataError(f"{path}:{line}: there is no category {key!r} in taxonomy.yml")


def _line_naming(path: Path, words: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((number for number, text in enumerate(lines, 1) if words in text), 1)
