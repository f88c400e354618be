"""Shapes: the OpenAPI document's description of each answer, made from the answer's data class.

They only describe; no answer is validated. Every answer has all keys, so all are required, even those that may be
null. The property tests check every answer against the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, RootModel, create_model

from strandline.errors import StrandlineError
from strandline.model import events, note_checks, sync_status
from strandline.model.json_form import JsonForm, Table, table_of
from strandline.model.reports import (
    AddedStorageDir,
    IdentityReport,
    ImageFileReport,
    ImageInfo,
    ImagePage,
    StorageDirTrace,
)
from strandline.model.storage_dirs import StorageDir
from strandline.model.sync_status import TreePage
from strandline.runtime.scan_jobs import ScanJob
from strandline.web.api.schemas import StorageDirDetails


class OpenShape(BaseModel):
    """An object with these keys, and possibly others."""

    model_config = ConfigDict(extra="allow")


class Error(OpenShape):
    """An error, as on the command line."""

    code: str
    message: str


def _make_event_shape(kind: type[events.Event]) -> type[BaseModel]:
    """The shape of one type of event."""
    own: dict[str, Any] = {
        each.name: (_as_shape(get_type_hints(kind)[each.name]), ...)
        for each in fields(kind)
        if each.name not in ("seq", "at", "sd_id")
    }
    keys: dict[str, Any] = {
        "seq": (int | None, ...), "at": (str, ...), "type": (Literal[kind.type], ...), "sd_id": (str | None, ...),
    }  # fmt: skip
    doc = (kind.__doc__ or "").partition("\n")[0]
    made: type[BaseModel] = create_model(kind.__name__, __doc__=doc, __base__=OpenShape, **keys, **own)
    return made


class FileItem(OpenShape):
    """A file in a list, with facts specific to that list."""

    image_id: str | None
    filename: str
    path: str
    size_bytes: int | None


NAMES: dict[type, str] = {
    AddedStorageDir: "Added",
    note_checks.Finding: "NoteFinding",
    IdentityReport: "Identity",
    ImageFileReport: "ImageFile",
    ImageInfo: "Image",
    ImagePage: "Images",
    ScanJob: "Scan",
    StorageDir: "PlainStorageDir",
    StorageDirDetails: "StorageDir",
    StorageDirTrace: "Trace",
    TreePage: "Tree",
}
"""Classes that have another name in the document."""

_shapes: dict[type, type[BaseModel]] = {
    StrandlineError: Error,
    sync_status.FileItem: FileItem,
}


def shape_of(kind: type) -> type[BaseModel]:
    """The shape of a class with a JSON form."""
    if issubclass(kind, BaseModel):
        return kind
    if kind not in _shapes:
        assert issubclass(kind, JsonForm), f"{kind} has no JSON form"
        doc = (kind.__doc__ or "").partition("\n")[0]
        _shapes[kind] = _make(NAMES.get(kind, kind.__name__), doc, kind, table_of(kind))
    return _shapes[kind]


def _make(name: str, doc: str, kind: type, table: Table) -> type[BaseModel]:
    keys: dict[str, Any] = {
        key: (
            _as_shape(_find_type(kind, path))
            if isinstance(path, str)
            else _make(name + key.title().replace("_", ""), "", kind, path),
            ...,
        )
        for key, path in table.items()
    }
    made: type[BaseModel] = create_model(
        name, __doc__=doc or None, __config__=ConfigDict(extra="forbid"), **keys
    )
    return made


def _find_type(kind: Any, path: str) -> Any:
    """The type at the end of a path through fields and properties. It may be None if a step may."""
    may_be_none = False
    for step in path.split("."):
        parts = [part for part in _split(kind) if part is not type(None)]
        may_be_none |= len(parts) < len(_split(kind))
        (owner,) = parts
        getter = getattr(getattr(owner, step, None), "fget", None)  # a property
        kind = get_type_hints(getter)["return"] if getter else get_type_hints(owner)[step]
    return kind | None if may_be_none else kind


def _split(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _as_shape(kind: Any) -> Any:
    """The JSON type of a value of this type."""
    parts = _split(kind)
    if len(parts) > 1:
        return Union[tuple(_as_shape(part) for part in parts)]  # noqa: UP007 - they are known only now
    if isinstance(kind, NewType):
        return _as_shape(kind.__supertype__)
    origin = get_origin(kind)
    if origin in (list, tuple):
        return list[_as_shape(get_args(kind)[0])]  # type: ignore[misc]
    if origin in (dict, Mapping):
        return dict[str, _as_shape(get_args(kind)[1])]  # type: ignore[misc]
    if kind is object:
        return Any
    if issubclass(kind, datetime):
        return str
    if issubclass(kind, Enum):
        return kind
    return shape_of(kind) if issubclass(kind, JsonForm | StrandlineError | events.Event) else kind


def _make_event_union() -> type[BaseModel]:
    """One of all types of events, told apart by ``type``."""
    shapes = tuple(_make_event_shape(kind) for kind in events.EVENT_TYPES.values())
    union: Any = Annotated[Union.__getitem__(shapes), Field(discriminator="type")]
    base: type[BaseModel] = RootModel.__class_getitem__(union)  # type: ignore[assignment]
    doc = "Something happened. New versions may add types; skip those that you do not know."
    made: type[BaseModel] = create_model("Event", __base__=base, __doc__=doc)
    return made


_shapes[events.Event] = _make_event_union()
