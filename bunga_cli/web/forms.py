"""From the fields of a form to the models of `/api/v1`, and what is wrong with them."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bunga_cli.wording import words

M = TypeVar("M", bound=BaseModel)

WHOLE = ""
"""The name under which stands what is wrong with several fields together."""


class FormProblem(Exception):
    """Report what is wrong with a form: a sentence for each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(problems)
        self.problems = dict(problems)


def checked(model: type[M], values: Mapping[str, Any]) -> M:
    """Return the values as a model. Raises FormProblem."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as invalid:
        raise FormProblem(problems_of(invalid)) from invalid


def problems_of(invalid: ValidationError) -> dict[str, str]:
    """Return what is wrong, by field."""
    problems: dict[str, str] = {}
    for error in invalid.errors():
        where = str(error["loc"][0]) if error["loc"] else WHOLE
        text = words(error)
        problems.setdefault(where, f"{text[:1].upper()}{text[1:]}.")
    return problems
