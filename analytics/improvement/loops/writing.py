"""The base of all forms: texts that can be kept, and mistakes told by their place."""

from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from analytics.sigma import WrongInput


def _writable(value: str) -> str:
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError("has a character that cannot be kept")
    return value


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), AfterValidator(_writable)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_writable)]
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000), AfterValidator(_writable)
]
MaybeText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4_000), AfterValidator(_writable)]


class Document(BaseModel):
    """A section of an improvement, as people wrote it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WrongForm(WrongInput):
    """What was written does not fit its form.

    Attributes:
        errors: place, such as ``target.value``, and what is wrong there.
    """

    def __init__(self, errors: tuple[tuple[str, str], ...]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{place}: {message}" if place else message for place, message in errors))


Form = TypeVar("Form", bound=Document)


def read_form(form: type[Form], document: object) -> Form:
    """What people wrote as a form.

    Raises:
        WrongForm: it does not fit.
    """
    if isinstance(document, form):
        return document
    try:
        return form.model_validate(document)
    except ValidationError as error:
        found = []
        for problem in error.errors(include_url=False, include_input=False):
            place = ".".join(str(part) for part in problem["loc"])
            message = problem["msg"].removeprefix("Value error, ").replace("Input should", "must")
            # A rule about several fields begins with the one it is about.
            named, colon, rest = message.partition(": ")
            if not place and colon and named in form.model_fields:
                place, message = named, rest
            found.append((place, message))
        raise WrongForm(tuple(found)) from None
