"""A YAML document as a model, and its faults with file, line and field."""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from capsule_adapters.store.yaml_document import Document, Place
from capsule_domain.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

M = TypeVar("M", bound=BaseModel)


def as_model(document: Document, model: type[M]) -> M:
    """`document` read strictly: a number is no text, and a word no number.

    The first fault of the file is raised as a ConfigurationError.
    """
    refuse_newer(document)
    try:
        return model.model_validate_json(json.dumps(document.values), strict=True)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        first = min(faults, key=lambda fault: document.line(fault["loc"]) or 0)
        # Not chained: pydantic's error quotes the input, which may be a secret.
        raise _fault(document, first, model) from None


def refuse_newer(document: Document) -> None:
    """Raise ConfigurationError when the file says a version that is not known yet."""
    version = document.values.get("version")
    if isinstance(version, int) and version > 1:
        raise ConfigurationError(
            f"version {version} is newer than this Capsule, which reads version 1",
            file=str(document.file),
            line=document.line(("version",)),
            field="version",
            hint="use the newer Capsule, or another --home",
        )


def _fault(document: Document, fault: "ErrorDetails", model: type[BaseModel]) -> ConfigurationError:
    place = fault["loc"]
    field = ".".join(str(part) for part in place)
    words = fault["msg"].removeprefix("Value error, ")
    message = f"{field}: {words[:1].lower()}{words[1:]}" if field else words.lower()
    if fault["type"] == "extra_forbidden":
        message = _unknown_key(document, str(place[-1]), _model_at(model, place[:-1]))
    return ConfigurationError(
        message,
        file=str(document.file),
        line=document.line(place),
        # In a file of secrets an unknown key may be one in the wrong column.
        field=None if document.sensitive and fault["type"] == "extra_forbidden" else field,
    )


def _model_at(model: type[BaseModel], place: Place) -> type[BaseModel]:
    """The model of what stands at `place`, by way of lists, mappings and optional fields."""
    for part in place:
        field = model.model_fields.get(str(part))
        if field is not None:  # else a position in a list, or a name in a mapping
            model = next(_models_in(field.annotation), model)
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _unknown_key(document: Document, written: str, model: type[BaseModel]) -> str:
    known = sorted(model.model_fields)
    near = get_close_matches(written.lower(), known, n=1, cutoff=0.6)
    told = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return f"unknown key; {told}" if document.sensitive else f"unknown key '{written}'; {told}"
