"""Catalogues of replies: one YAML a language or a folder of them, the same keys in each, filled in by Jinja2."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import RootModel

from actions.words.formats import list_choices, show_day, show_moment, show_money
from store.firm_files import FirmDataError, read_yaml

LANGUAGES = ("zh", "en")


class _ReplyFile(RootModel[dict[str, dict[str, str]]]):
    """Groups of replies: group → name → text."""


class Catalogue:
    """All replies, by language and key, where a key is ``group.name``."""

    def __init__(self, texts: Mapping[str, Mapping[str, str]]) -> None:
        self._texts = texts
        self._environments = {language: _environment(language) for language in texts}
        # Compiled when first said: a process says few of them, and compiling all of them would hold up its start.
        self._templates: dict[tuple[str, str], Template] = {}

    @classmethod
    def read(cls, folder: Path) -> "Catalogue":
        """Read ``zh.yml`` and ``en.yml``, or all files of the folders ``zh`` and ``en``.

        Raises:
            FirmDataError: a reply is missing in one language, stands in two files, is no template, or asks for other
                values than its counterpart.
        """
        texts = {language: _texts(folder, language) for language in LANGUAGES}
        values: dict[str, dict[str, set[str]]] = {}
        for language, replies in texts.items():
            environment = _environment(language)
            for key, text in replies.items():
                try:
                    named = set() if _is_plain(text) else meta.find_undeclared_variables(environment.parse(text))
                except TemplateError as error:
                    raise FirmDataError(f"{_place(folder, language, key)}: {key}: {error}") from None
                values.setdefault(key, {})[language] = named
        for key, by_language in values.items():
            for language in LANGUAGES:
                if language not in by_language:
                    other = next(iter(by_language))
                    raise FirmDataError(f"{_place(folder, other, key)}: {key} is missing in {language}")
            if by_language["zh"] != by_language["en"]:
                odd = by_language["zh"] ^ by_language["en"]
                raise FirmDataError(
                    f"{_place(folder, 'zh', key)}: {key}: only one language names {', '.join(sorted(odd))}"
                )
        return cls(texts)

    def keys(self) -> set[str]:
        return set(self._texts["zh"])

    def has(self, key: str) -> bool:
        return key in self._texts["zh"]

    def render(self, language: str, key: str, **values: Any) -> str:
        """The reply ``key`` in ``language``, filled in.

        Raises:
            KeyError: there is no such reply.
            jinja2.UndefinedError: a value that the reply names is missing.
        """
        text = self._texts[language][key]
        if _is_plain(text):
            return text.strip()
        template = self._templates.get((language, key))
        if template is None:
            template = self._environments[language].from_string(text.strip())
            self._templates[language, key] = template
        return template.render(values).strip()


def _is_plain(text: str) -> bool:
    """Whether there is nothing to fill in, as in most words of the console: these need no template."""
    return "{" not in text


def _environment(language: str) -> Environment:
    # The texts are the firm's own; what is filled in may be a customer's words, and channels escape by themselves.
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["money"] = lambda amount: show_money(amount, language)
    environment.filters["moment"] = lambda moment: show_moment(moment, language)
    environment.filters["day"] = lambda moment: show_day(moment, language)
    environment.filters["choices"] = list_choices
    return environment


def _files(folder: Path, language: str) -> list[Path]:
    parts = folder / language
    return sorted(parts.glob("*.yml")) if parts.is_dir() else [folder / f"{language}.yml"]


def _texts(folder: Path, language: str) -> dict[str, str]:
    """The replies of one language by key, each from one place."""
    texts: dict[str, str] = {}
    places: dict[str, Path] = {}
    for path in _files(folder, language):
        for group, replies in read_yaml(path, _ReplyFile).root.items():
            for name, text in replies.items():
                key = f"{group}.{name}"
                if key in texts:
                    raise FirmDataError(f"{path}: {key} stands in {places[key].name} already")
                texts[key], places[key] = text, path
    return texts


def _place(folder: Path, language: str, key: str) -> str:
    name = key.partition(".")[2]
    files = _files(folder, language)
    for path in files:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip().startswith(f"{name}:"):
                return f"{path}:{number}"
    return f"{files[0]}:1"
