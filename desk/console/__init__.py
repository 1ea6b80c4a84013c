"""The staff console under ``/desk/``: server-rendered pages, live by server-sent events; every deed is a command."""

from desk.console.routes import add_routes

__all__ = ["add_routes"]
