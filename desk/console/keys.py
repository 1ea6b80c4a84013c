"""Typed keys under which the application and its requests keep the console's parts."""

import jinja2
from aiohttp import web
from cryptography.fernet import Fernet

from actions.words.catalogue import Catalogue
from desk.audit_log import ChainCheck
from desk.console.open_streams import OpenStreams
from desk.console.sessions import SignedIn
from desk.console.watch import Watch
from desk.limits import RateLimit
from store.retention import Retention

TEMPLATES = web.AppKey("console_templates", jinja2.Environment)
WORDS = web.AppKey("console_words", Catalogue)
WATCH = web.AppKey("console_watch", Watch)
CSRF_KEY = web.AppKey("console_csrf_key", bytes)
# Encrypts the secrets of second factors.
SEAL = web.AppKey("console_seal", Fernet)
# How long what is known of people is kept.
RETENTION = web.AppKey("console_retention", Retention)
OPEN_STREAMS = web.AppKey("console_open_streams", OpenStreams)
AUDIT_CHECK = web.AppKey("console_audit_check", ChainCheck)
# Failed log-ins, by the address they come from.
GUESSES = web.AppKey("console_guesses", RateLimit)

# Who is signed in; absent where nobody is.
SIGNED_IN = web.RequestKey("console_signed_in", SignedIn)
# What every form of this browser must carry.
CSRF = web.RequestKey("console_csrf", str)
