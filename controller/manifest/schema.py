"""The write door's schema (ports.Schema): what the API takes is checked like what files hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controller.core import errors, kinds
from controller.manifest import check, source


class WorkerSetSchema:
    """Implements `ports.Schema` for WorkerSets; touches no file after construction."""

    def __init__(self) -> None:
        self._checker = check.Checker()

    def problems(self, obj: kinds.Object) -> Sequence[errors.FieldProblem]:
        """Every problem of the object, rules between its fields included."""
        return self._checker.check(obj).problems

    def document(self) -> Mapping[str, Any]:
        """The schema without references, as OpenAPI documents are made from it."""
        return source.without_references(source.load())
