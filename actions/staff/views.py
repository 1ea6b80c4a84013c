"""A person's own saved views: lists with their filters, under names of their own."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from actions.staff.access import DeedRefused, audit
from store.database import UnitOfWork
from store.tables import SavedView, Staff

NAME_LENGTH = 60
VIEWS_AT_MOST = 20


def save_view(work: UnitOfWork, staff: Staff, name: str, filters: dict[str, Any]) -> SavedView:
    """Keep a list under a name.

    Args:
        filters: what :meth:`desk.console.lists.ListQuery.keep` gives.

    Raises:
        DeedRefused: no name, one too long, one that this person uses already, or too many views.
    """
    name = _checked(name)
    count = work.session.scalar(select(func.count(SavedView.id)).where(SavedView.staff_id == staff.id)) or 0
    if count >= VIEWS_AT_MOST:
        raise DeedRefused("too_many_views")
    view = SavedView(staff_id=staff.id, name=name, filters=filters, created_at=work.now)
    _keep(work, view)
    audit(work, staff, "save_view", view.public_id)
    return view


def rename_view(work: UnitOfWork, staff: Staff, public_id: str, name: str) -> SavedView:
    """Give a view another name.

    Raises:
        DeedRefused: it is not there, or as for :func:`save_view`.
    """
    name, view = _checked(name), _own(work, staff, public_id)
    if name != view.name:
        view.name = name
        _keep(work, view)
        audit(work, staff, "rename_view", view.public_id)
    return view


def delete_view(work: UnitOfWork, staff: Staff, public_id: str) -> None:
    """Forget a view; what it showed is not touched.

    Raises:
        DeedRefused: it is not there.
    """
    view = _own(work, staff, public_id)
    work.session.delete(view)
    audit(work, staff, "delete_view", public_id)


def _own(work: UnitOfWork, staff: Staff, public_id: str) -> SavedView:
    """Another person's view is as if it were not there."""
    statement = select(SavedView).where(SavedView.public_id == public_id, SavedView.staff_id == staff.id)
    view = work.session.scalars(statement.with_for_update()).first()
    if view is None:
        raise DeedRefused("no_such_view")
    return view


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise DeedRefused("view_name_missing")
    if len(name) > NAME_LENGTH:
        raise DeedRefused("view_name_too_long")
    return name


def _keep(work: UnitOfWork, view: SavedView) -> None:
    """A double click, or two windows, meet the constraint and not each other's row."""
    try:
        with work.session.begin_nested():
            work.session.add(view)
            work.session.flush()
    except IntegrityError:
        raise DeedRefused("view_name_taken") from None
