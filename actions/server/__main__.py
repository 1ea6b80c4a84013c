"""``python -m actions.server``: the action server, on loopback."""

import sys
import warnings

from aiohttp import web

from actions.firm import FirmDataError
from actions.server.app import serving_app
from store.logging import set_up_logging
from store.settings import SettingsError, load_settings


def main() -> int:
    # Rasa 3.6.21 and rasa-sdk 3.21 understand each other; the one warning about their versions says otherwise.
    warnings.filterwarnings("ignore", message=".*[Vv]ersion.*rasa.*")
    set_up_logging("actions")
    try:
        settings = load_settings()
        app = serving_app(settings)
    except (SettingsError, FirmDataError) as error:
        print(error, file=sys.stderr)
        return 2
    web.run_app(app, host="127.0.0.1", port=settings.actions_port, print=None, access_log=None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
