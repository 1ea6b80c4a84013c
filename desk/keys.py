"""Typed keys under which the application keeps its parts."""

import asyncio

from aiohttp import ClientSession, web

from actions.connectors.systems import Connectors
from actions.firm import Firm
from actions.fresh_orders import FreshOrders
from desk.channels.accounts import Accounts
from desk.channels.clients import Clients
from desk.hub import Hub
from desk.notifying.ways import Ways
from desk.rasa import Rasa
from desk.tokens import Tokens
from store.database import Database
from store.settings import Settings

# How many answers of analytics are reckoned at once.
ANALYSING = web.AppKey("analysing", asyncio.Semaphore)
DATABASE = web.AppKey("database", Database)
FIRM = web.AppKey("firm", Firm)
HUB = web.AppKey("hub", Hub)
RASA = web.AppKey("rasa", Rasa)
SETTINGS = web.AppKey("settings", Settings)
TOKENS = web.AppKey("tokens", Tokens)
HTTP = web.AppKey("http", ClientSession)
NOTIFYING = web.AppKey("notifying", Ways)
CONNECTORS = web.AppKey("connectors", Connectors)
ORDERS = web.AppKey("orders", FreshOrders)
CHANNELS = web.AppKey("channels", Accounts)
CLIENTS = web.AppKey("clients", Clients)
