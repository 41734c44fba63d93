"""Rows of an operator's own for the table of subjects, from ``AEGIS_SUBJECT_RULES``."""

import logging
import os
import re
from functools import cache
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import from_json

from functions.alert_normalizer.subjects import Row

_MOST = 100
_LONGEST = 64 * 1024
_log = logging.getLogger(__name__)


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return text


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    when: Annotated[dict[str, Annotated[str, AfterValidator(_pattern)]], Field(min_length=1, max_length=20)]
    kind: Annotated[str, Field(pattern=r"^([A-Z][A-Za-z0-9]*|\{[A-Za-z0-9_]+\})$")]
    object: Annotated[str, Field(min_length=1)] = ""
    namespace: str = "namespace"
    node: str = ""
    node_address: Annotated[str, Field(min_length=1)] = ""

    @model_validator(mode="after")
    def _says_the_object_once(self) -> Self:
        if not self.node_address and not self.object:
            raise ValueError("has neither object nor node_address")
        if self.node_address and (self.object or self.node or self.kind != "Node"):
            raise ValueError("with node_address, the kind is Node, and there is neither object nor node")
        return self


@cache
def own_rows() -> tuple[Row, ...]:
    """The process's rows, read when they are first needed."""
    return read_rows(os.environ.get("AEGIS_SUBJECT_RULES", ""))


def read_rows(text: str) -> tuple[Row, ...]:
    """Read a JSON list of rows; what is wrong with one is logged, and the others stand."""
    try:
        given = from_json(text[:_LONGEST]) if text.strip() else []
    except ValueError as error:
        _log.error("AEGIS_SUBJECT_RULES is no JSON of up to 64 KiB: it is left out", extra={"error": str(error)})
        return ()
    if not isinstance(given, list) or len(given) > _MOST:
        _log.error("AEGIS_SUBJECT_RULES is no list of up to 100 rows: it is left out")
        return ()
    return tuple(row for position, item in enumerate(given) if (row := _read(item, position)))


def _read(item: object, position: int) -> Row | None:
    try:
        return Row(**_Given.model_validate(item).model_dump())
    except ValidationError as error:
        name = item.get("name") if isinstance(item, dict) else None
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        problem = f"{'.'.join(map(str, first['loc'])) or 'row'}: {first['msg']}"
        _log.error("AEGIS_SUBJECT_RULES: a row is left out", extra={"row": name or position, "error": problem})
        return None
