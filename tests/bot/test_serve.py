"""How Rasa is started."""

import pytest
from rasa.__main__ import create_argument_parser

from bot.serve import command_line


@pytest.mark.parametrize("token", ["-begins-with-a-hyphen", "--help", "plain", "ends="])
def test_any_token_reaches_rasa_as_it_is(token):
    options = create_argument_parser().parse_args([*command_line(token), "-p", "5005"])
    assert (options.auth_token, options.interface, options.enable_api) == (token, "127.0.0.1", True)
