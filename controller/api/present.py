"""Objects and lists in the form a client asked for: as they are, as a Table, or as metadata only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from controller.api import call as calls
from controller.api import encode, pages, query, replies, rows
from controller.api.negotiation import Form
from controller.core import kinds, table, viewtables


def single(
    call: calls.Call,
    obj: kinds.Object,
    *,
    code: int = 200,
    warnings: Sequence[str] = (),
    layout: table.Layout | None = None,
) -> replies.Reply:
    """One object; `layout` where it is not of the path's kind (Scale)."""
    form = call.form
    if form is Form.TABLE:
        version = obj["metadata"].get("resourceVersion", "")
        written = TableForm(call, layout)
        body = written.table([written.row(obj)], {"resourceVersion": version})
    elif form is Form.METADATA:
        body = rows.metadata_only(obj)
    else:
        body = encode.dump(obj)
    return replies.Reply(body, code, warnings=warnings)


def listed(call: calls.Call, page: pages.Page) -> replies.Reply:
    """A page of a list; its metadata has the version and, if there is more, how to go on."""
    metadata: dict[str, Any] = {"resourceVersion": str(page.version)}
    if page.token:
        metadata |= {"continue": page.token, "remainingItemCount": page.remaining}
    form = call.form
    if form is Form.TABLE:
        unsaid = rows.ANYWHERE if call.namespace is None else rows.IN_NAMESPACE
        written = TableForm(call, include=include_of(call.query, unsaid))
        return replies.Reply(written.table([written.row(obj) for obj in page.items], metadata))
    kind, version = f"{call.resource.kind}List", call.resource.api_version
    items: Iterable[bytes] = map(encode.dump, page.items)
    if form is Form.METADATA:
        kind, version = "PartialObjectMetadataList", rows.META_VERSION
        items = map(rows.metadata_only, page.items)
    head = {"kind": kind, "apiVersion": version, "metadata": metadata}
    return replies.Reply(encode.insert(head, "items", encode.array(items)))


class TableForm:
    """Rows of one kind at one moment, with what `include` or else the request wants beside the cells."""

    __slots__ = ("_rows", "include", "layout", "now")

    def __init__(self, call: calls.Call, layout: table.Layout | None = None, *, include: str = "") -> None:
        self.layout = layout or viewtables.layout(call.resource)
        self.include = include or include_of(call.query)
        self.now = call.services.clock.wall()
        self._rows = call.services.rows

    def row(self, obj: kinds.Object) -> bytes:
        return self._rows.row(self.layout, obj, self.now, self.include)

    def table(self, lines: Iterable[bytes], metadata: dict[str, Any], *, with_columns: bool = True) -> bytes:
        """meta.k8s.io/v1 Table; later events of a watch leave the columns out."""
        columns = [column.as_json() for column in self.layout.columns] if with_columns else None
        head = {
            "kind": "Table",
            "apiVersion": rows.META_VERSION,
            "metadata": metadata,
            "columnDefinitions": columns,
        }
        return encode.insert(head, "rows", encode.array(lines))


def include_of(asked: query.Query, unsaid: str = "Metadata") -> str:
    """What rows include of their objects. Raises Invalid."""
    return asked.choice("includeObject", rows.INCLUDES, unsaid)
