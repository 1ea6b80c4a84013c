"""A day at the desk: customers whom the bot heard, people of every role signed in, and work in all states."""

from dataclasses import dataclass, field, replace
from typing import Any

import pyotp
from argon2 import PasswordHasher
from playwright.sync_api import Browser, BrowserContext, ViewportSize
from sqlalchemy import select

from actions.firm import load_firm
from actions.incidents.drafting import Draft, draw_up
from actions.incidents.lists import read_list
from analytics.improvement.loops.keeping import Draft as ImprovementDraft
from analytics.improvement.loops.keeping import open_improvement, write_section
from analytics.improvement.loops.measures import add_measure
from analytics.improvement.part import Part
from desk import second_factor
from desk.accounts import add_account
from desk.console.sessions import COOKIE, new_token, sign_in
from desk.second_factor import make_seal
from store.database import Database, UnitOfWork
from store.tables import Case, Conversation, Identity, Staff
from store.tables.improvement import Improvement
from tests.conftest import ROOT
from tests.e2e.desk_day import attached_files, play_day
from tests.e2e.service import Service

WIDE, NARROW = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)

# Login → name, role, language: each role in both languages. Agents speak one language with customers.
PEOPLE = {
    "xiaoai": ("小艾", "agent", "zh"),
    "ben": ("Ben", "agent", "en"),
    "zhoumin": ("周敏", "supervisor", "zh"),
    "sam": ("Sam", "supervisor", "en"),
    "mei": ("梅芳", "manager", "zh"),
    "maria": ("Maria", "manager", "en"),
    "qinlan": ("秦岚", "quality", "zh"),
    "quinn": ("Quinn", "quality", "en"),
    "anran": ("安然", "administrator", "zh"),
    "ada": ("Ada", "administrator", "en"),
}
_DEPARTMENTS = {"zhoumin": ["after_sales", "engineering"], "sam": ["logistics"]}
# Who leads or runs the desk is given nothing by itself.
_CAPACITY = {"agent": 10, "supervisor": 5}
# Everybody's password; and who is signed in nowhere, and has an app that makes codes.
PASSWORD = "a-long-night-shift"
WITH_CODE = "luna"
_DIGEST = PasswordHasher().hash(PASSWORD)
_COMPLAINTS = {
    "late": "快递晚了五天才到，问客服一直没人理",
    "waiting": "客服电话打了四十分钟都没人接，转人工！",
    "taken": "买的吹风机用了两次就冒火星，太吓人了，给我转人工",
    "english": "Your courier left my parcel in the rain and the lamp inside is ruined. I want to talk to a person.",
    "above": "实木书桌送来桌面裂了一大条，全是毛刺",
    "leaving": "你们的短信一天发十几条，退订了还发，烦死了",
}


@dataclass
class Scene:
    """What is there.

    Attributes:
        conversations: public ids by what they are: ``late`` (with the bot), ``waiting`` and ``english`` (queued),
            ``taken`` (by Xiao Ai), ``above`` (an offer that waits for approval), ``leaving`` (wishes to be erased).
        cases: numbers of their cases.
        tokens: of everybody's session, by login.
        recorded: number of the case that was taken by phone.
        customer: public id of the customer of ``taken``.
        reply: public id of a canned reply.
        macro: public id of a macro.
        incident: public id of an incident that is a draft.
        improvement: number of a cycle that is being planned.
    """

    service: Service
    conversations: dict[str, str] = field(default_factory=dict)
    cases: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    recorded: str = ""
    customer: str = ""
    reply: str = ""
    macro: str = ""
    incident: str = ""
    improvement: str = ""

    def browser(
        self, browser: Browser, login: str | None, size: ViewportSize, language: str, device_scale_factor: float = 1
    ) -> BrowserContext:
        """A browser in which this person is signed in, or nobody."""
        context = browser.new_context(
            locale="zh-CN" if language == "zh" else "en-GB",
            timezone_id="Asia/Shanghai",
            viewport=size,
            device_scale_factor=device_scale_factor,
        )
        if login is not None:
            context.add_cookies([{"name": COOKIE, "value": self.tokens[login], "url": self.service.base + "/desk/"}])
        return context


def login_of(roles: frozenset[str], language: str) -> str:
    """Somebody with one of ``roles`` who reads ``language``; the one closest to the customer."""
    return next(login for login, (_, role, reads) in PEOPLE.items() if role in roles and reads == language)


def set_scene(service: Service) -> Scene:
    """Play it: orders, complaints through the public contract, people at the desk."""
    scene = Scene(service)
    with Database(scene.service.database_url) as database:
        with database.begin() as work:
            _sign_everybody_in(work, scene)
            _add_others(work, scene)
            work.commit()
        service.with_order("above", "202611110377", total=128000)
        service.with_order("late", "202611080042", total=8900, promised_at="2026-11-12T12:00:00Z")
        for who, text in _COMPLAINTS.items():
            service.told(who, text)
        service.told("above", "订单202611110377")
        service.told("above", "1")
        with database.begin() as work:
            for who in _COMPLAINTS:
                conversation, case = _of(work.session, who)
                scene.conversations[who] = conversation.public_id
                scene.cases[who] = case.number
            scene.customer = _of(work.session, "taken")[1].customer.public_id
        deeds = play_day(database, load_firm(ROOT / "data" / "firm"), scene.conversations, attached_files(service.var))
        scene.recorded, scene.reply, scene.macro = deeds.recorded, deeds.reply, deeds.macro
        scene.incident = _draw_up(database)
        scene.improvement = _plan(database)
    service.told("taken", "没受伤，就是插座有点黑了")
    return scene


def look_back(scene: Scene, service: Service) -> Scene:
    """The same people at a service whose store has a history, with an improvement of that history."""
    found = replace(scene, service=service, tokens={})
    with Database(found.service.database_url) as database, database.begin() as work:
        _sign_everybody_in(work, found)
        # One that passed all its gates has something to show on each part of its page.
        done = Improvement.outcome == "standardised"
        found.improvement = (
            work.session.scalars(select(Improvement.number).order_by(done.desc(), Improvement.id)).first() or ""
        )
        work.commit()
    return found


def _sign_everybody_in(work: UnitOfWork, scene: Scene) -> None:
    for login, (name, role, language) in PEOPLE.items():
        staff = work.session.scalar(select(Staff).where(Staff.login == login))
        if staff is None:
            staff = Staff(login=login, password_digest=_DIGEST, created_at=work.now)
            work.session.add(staff)
        staff.name, staff.role, staff.language = name, role, language
        staff.languages = [language] if role == "agent" else []
        staff.departments = _DEPARTMENTS.get(login, [])
        staff.capacity = _CAPACITY.get(role, 0)
        staff.on_duty, staff.last_active_at = True, work.now
        work.session.flush()
        scene.tokens[login] = new_token()
        sign_in(work, staff, scene.tokens[login])


def _add_others(work: UnitOfWork, scene: Scene) -> None:
    """Who is not signed in: somebody with a second factor, and somebody whose first day it is."""
    luna = Staff(login=WITH_CODE, name="Luna", role="agent", password_digest=_DIGEST, created_at=work.now)
    work.session.add(luna)
    work.session.flush()
    seal = make_seal((scene.service.var / "secrets" / "session_key").read_text().strip())
    second_factor.begin(work, seal, luna.id)
    secret = second_factor.secret_of(seal, luna)
    assert secret is not None
    second_factor.confirm(work, seal, luna.id, pyotp.TOTP(secret).now())
    add_account(work, "newcomer", "Nora", "agent", "en")


def _of(session: Any, who: str) -> tuple[Conversation, Case]:
    identity = session.query(Identity).filter_by(channel="rest", external_id=who).one()
    conversation = session.query(Conversation).filter_by(identity_id=identity.id).one()
    return conversation, session.get_one(Case, conversation.focus_case_id)


def _plan(database: Database) -> str:
    """A cycle with causes and a measure, and no test named yet."""
    causes = {
        "fishbone": {"people": ["售后没有夜班"], "method": ["咨询都等一个人"]},
        "whys": [["工单在等", "没有替补"]],
    }
    measure = {
        "words": "每位专员指定替补", "owner": "周敏", "department": "logistics", "begins_on": "2026-11-10",
        "due_on": "2026-12-10", "resources": "两个人", "target": "4小时内答复",
    }  # fmt: skip
    with database.begin() as work:
        draft = ImprovementDraft("pdca", Part("recovery", "resolved_in_time"), "投诉解决太慢")
        one = open_improvement(work, draft, "qinlan")
        write_section(work, one.number, one.revision, "problem", {"statement": "每八张工单有一张超时"}, "qinlan")
        write_section(work, one.number, one.revision, "causes", causes, "qinlan")
        add_measure(work, one.number, one.revision, measure, "qinlan")
        work.commit()
        return one.number


def _draw_up(database: Database) -> str:
    """An incident as a draft: nobody is told anything."""
    titles = {"zh": "3号仓发出的包裹晚了两天", "en": "All parcels from depot 3 are two days late"}
    draft = Draft("parcels_late", titles, read_list("202611110377, 202611080042, 202611119999"))
    with database.begin() as work:
        incident = draw_up(work, load_firm(ROOT / "data" / "firm"), draft, "sam").incident
        work.commit()
    return incident.public_id
