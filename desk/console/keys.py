"""Typed keys under which the application and its requests keep the console's parts."""

import jinja2
from aiohttp import web

from actions.words.catalogue import Catalogue
from desk.console.sessions import SignedIn
from desk.console.watch import Watch

TEMPLATES = web.AppKey("console_templates", jinja2.Environment)
WORDS = web.AppKey("console_words", Catalogue)
WATCH = web.AppKey("console_watch", Watch)
CSRF_KEY = web.AppKey("console_csrf_key", bytes)

# Who is signed in; absent where nobody is.
SIGNED_IN = web.RequestKey("console_signed_in", SignedIn)
# What every form of this browser must carry.
CSRF = web.RequestKey("console_csrf", str)
