"""``python -m actions guarantees``: what the firm promises, what speaks against it (S2), what it would have paid."""

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from actions.firm import Firm, load_firm
from actions.firm.guarantees import GuaranteeFile
from actions.guarantees.trying import Trial, try_on_past_orders
from actions.words.formats import show_money
from recovery.guarantees import Caution
from recovery.money import Money
from store.database import Database, UnitOfWork
from store.settings import Settings
from store.tables import GuaranteePayment

# S2's six, as questions whose yes speaks against the guarantee.
_QUESTIONS = {
    Caution.POOR_QUALITY: "Is the service poor as it stands? (公司现有服务的质量低劣)",
    Caution.AGAINST_BRAND: "Does the promise sit ill with what the firm stands for? (承诺与公司形象不符)",
    Caution.BEYOND_CONTROL: "Is the quality beyond the firm's control? (服务质量确实无法控制)",
    Caution.COSTS_MORE_THAN_IT_EARNS: "Does the promise cost more than it earns? (承诺的成本超过利润)",
    Caution.NO_RISK_SEEN: "Do customers see no risk in the service? (顾客在服务中感觉不到风险)",
    Caution.NO_DIFFERENCE: "Do customers see no difference to competitors? (在竞争者之间的质量方面感觉不到什么差异)",
}


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "guarantees", help="list the guarantees, walk through their go-live check, and try them on past orders"
    )
    parser.add_argument(
        "--check", metavar="KEY", help="S2's six cautions of one guarantee; status 1 if it may not go live"
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.set_defaults(run=run)


def run(settings: Settings, database: Database | None, options: argparse.Namespace) -> int:
    """Do what was asked.

    Returns:
        0; 1 where the guarantee that is checked may not go live; 2 where there is none of that name.
    """
    assert database is not None
    firm = load_firm(settings.firm)
    chosen = firm.guarantees.guarantees
    if options.check is not None:
        chosen = [one for one in chosen if one.key == options.check]
        if not chosen:
            known = ", ".join(one.key for one in firm.guarantees.guarantees) or "none"
            print(f"there is no guarantee {options.check!r} in guarantees.yml; there are: {known}", file=sys.stderr)
            return 2
    with database.reading() as work:
        found = [(one, try_on_past_orders(work, firm, one.rule), _payments(work, one.key)) for one in chosen]
    if options.json:
        print(json.dumps([_as_json(*one) for one in found], ensure_ascii=False, indent=2))
    elif not found:
        print("guarantees.yml names no guarantee")
    for number, (guarantee, trial, payments) in enumerate(found if not options.json else []):
        print("\n" * bool(number) + _told(firm, guarantee, trial, payments))
        if options.check is not None:
            print(_check_told(guarantee))
    return 0 if options.check is None or may_go_live(found[0][0]) else 1


def may_go_live(guarantee: GuaranteeFile) -> bool:
    """Whether all of S2's six cautions are answered, and none holds."""
    return all(caution in guarantee.check and not guarantee.check[caution].holds for caution in Caution)


def _payments(work: UnitOfWork, key: str) -> Mapping[str, int]:
    statement = (
        select(GuaranteePayment.state, func.count())
        .where(GuaranteePayment.guarantee == key)
        .group_by(GuaranteePayment.state)
    )
    return {state: number for state, number in work.session.execute(statement) if number}


def _told(firm: Firm, guarantee: GuaranteeFile, trial: Trial, payments: Mapping[str, int]) -> str:
    currency = firm.policy.currency

    def money(minor: int) -> str:
        return show_money(Money(minor, currency), "en")

    rule = guarantee.rule
    state = "live" if guarantee.live else "not live"
    if rule.switched_off_on is not None:
        state = f"switched off on {rule.switched_off_on}; pays for what was breached by then"
    placed = f"orders placed from {rule.placed_from}" + (f" until {rule.placed_until}" if rule.placed_until else "")
    answered = sum(caution in guarantee.check for caution in Caution)
    against = [caution.value for caution in Caution if caution in guarantee.check and guarantee.check[caution].holds]
    lines = [
        f"{guarantee.key}: {guarantee.name.en} ({guarantee.name.zh}) — {state}, {placed}",
        f"  {guarantee.published.en}",
        f"  breached by: {_when(guarantee, money)}",
        f"  pays: {_pays(guarantee, money)}; approved by {guarantee.approved_by} on {guarantee.approved_on}",
        f"  cautions: {answered} of {len(Caution)} answered; "
        + (f"speaking against it: {', '.join(against)}" if against else "none speaks against it"),
    ]
    if payments:
        told = ", ".join(f"{number} {state}" for state, number in sorted(payments.items()))
        lines.append(f"  so far: {told}")
    if not trial.orders:
        return "\n".join([*lines, "  on past orders: none on file that it would be about"])
    happenings = ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in sorted(trial.breaches.items()))
    found = f" ({happenings})" if happenings else ""
    lines.append(f"  on past orders, whenever they were placed: {trial.all_breaches} of {trial.orders} breached{found}")
    if trial.all_breaches:
        lines.append(f"    would have paid {money(trial.paid)}, {trial.cost_percent:.2f} % of what the orders cost")
        unasked = trial.all_breaches - trial.complained
        lines.append(f"    {trial.complained} of them complained; {unasked} would have been paid without a word")
        if trial.covered:
            lines.append(f"    {trial.covered} would have been paid nothing: all had gone back already")
        lines += [f"    {month}: {number} for {money(paid)}" for month, (number, paid) in sorted(trial.months.items())]
    return "\n".join(lines)


def _when(guarantee: GuaranteeFile, money: Any) -> str:
    when = guarantee.when
    said = []
    if when.delivered_after_promise is not None:
        said.append(f"delivered more than {_span(when.delivered_after_promise)} after the promised time")
    if when.not_delivered_after_promise is not None:
        said.append(f"not delivered {_span(when.not_delivered_after_promise)} after the promised time")
    if when.first_response_missed:
        said.append("a person's first answer too late")
    if when.promise_broken:
        said.append("a promise of ours broken")
    told = " or ".join(said)
    if when.order_status:
        told += f"; status {', '.join(when.order_status)}"
    if when.order_status_not:
        told += f"; status not {', '.join(when.order_status_not)}"
    if when.order_total_at_most is not None:
        told += f"; orders of {money(when.order_total_at_most)} at most"
    if when.order_total_at_least:
        told += f"; orders of {money(when.order_total_at_least)} and more"
    return told


def _pays(guarantee: GuaranteeFile, money: Any) -> str:
    said = []
    for term in guarantee.rule.pays:
        amount = ""
        if term.amount_minor is not None:
            amount = f" of {money(term.amount_minor)}"
        elif term.percent_of_order is not None:
            amount = f" of {term.percent_of_order} % of the order"
            if term.at_most_minor is not None:
                amount += f", at most {money(term.at_most_minor)}"
        said.append(f"{term.kind}{amount}")
    return " and ".join(said)


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0:
            number = seconds // size
            return f"{number} {unit}{'' if number == 1 else 's'}"
    raise AssertionError("whole seconds")


def _check_told(guarantee: GuaranteeFile) -> str:
    lines = ["", "  S2's six cautions; a yes speaks against the guarantee:"]
    for number, caution in enumerate(Caution, 1):
        answer = guarantee.check.get(caution)
        lines.append(f"  {number}. {_QUESTIONS[caution]}")
        if answer is None:
            lines.append(
                f"     not answered: add `{caution}` under `check`, with `holds`, `because`, `by`, `answered_on`"
            )
        else:
            told = "YES" if answer.holds else "no"
            lines.append(f"     {told}: {answer.because} ({answer.by}, {answer.answered_on})")
    verdict = "It may go live." if may_go_live(guarantee) else "It may not go live."
    return "\n".join([*lines, "", f"  {verdict}"])


def _as_json(guarantee: GuaranteeFile, trial: Trial, payments: Mapping[str, int]) -> dict[str, Any]:
    rule = guarantee.rule
    return {
        "key": guarantee.key,
        "name": {"zh": guarantee.name.zh, "en": guarantee.name.en},
        "live": guarantee.live,
        "switched_off_on": rule.switched_off_on.isoformat() if rule.switched_off_on else None,
        "orders_placed": {
            "from": rule.placed_from.isoformat(),
            "until": rule.placed_until.isoformat() if rule.placed_until else None,
        },
        "may_go_live": may_go_live(guarantee),
        "cautions": {
            caution.value: {
                "holds": answer.holds,
                "because": answer.because,
                "by": answer.by,
                "answered_on": answer.answered_on.isoformat(),
            }
            if (answer := guarantee.check.get(caution)) is not None
            else None
            for caution in Caution
        },
        "payments": dict(payments),
        "past_orders": {
            "orders": trial.orders,
            "turnover_minor": trial.turnover,
            "breaches": dict(trial.breaches),
            "would_have_paid_minor": trial.paid,
            "cost_percent": round(trial.cost_percent, 4),
            "covered": trial.covered,
            "complained": trial.complained,
            "months": {
                month: {"breaches": number, "would_have_paid_minor": paid}
                for month, (number, paid) in sorted(trial.months.items())
            },
        },
    }
