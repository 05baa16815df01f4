"""Namespaces as far as writes need them: they must exist, and take nothing new while they end."""

from __future__ import annotations

import re
from typing import Any

from controller import ports
from controller.api import call as calls
from controller.core import errors, fields, kinds

DEFAULT = "default"

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL_NAME = "kubernetes.io/metadata.name"


def require(store: ports.Store, resource: kinds.Resource, namespace: str, name: str) -> None:
    """A create needs the namespace. Raises NotFound, or Forbidden while it is being deleted."""
    found = store.find(kinds.NAMESPACES, kinds.Key("", namespace))
    if found is None:
        raise calls.not_found(kinds.NAMESPACES, namespace)
    if found["metadata"].get("deletionTimestamp"):
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        raise errors.Forbidden(
            f'{resource.qualified} "{name}" is forbidden: {why}',
            kind=resource.plural,
            name=name,
            group=resource.group,
            causes=[errors.Cause("NamespaceTerminating", why, "metadata.namespace")],
        )


def check_name(name: Any) -> None:
    """A namespace is a DNS label (RFC 1123). Raises Invalid."""
    if isinstance(name, str) and _LABEL.fullmatch(name):
        return
    why = (
        f"Invalid value: {name!r}: a lowercase RFC 1123 label must consist of lower case alphanumeric "
        "characters or '-', and must start and end with an alphanumeric character, for example my-name"
    )
    raise errors.Invalid(
        f'Namespace "{name}" is invalid: metadata.name: {why}',
        kind="Namespace",
        name=str(name),
        causes=[errors.Cause("FieldValueInvalid", why, "metadata.name")],
    )


def completed(obj: kinds.Object) -> kinds.Object:
    """A new namespace with what Kubernetes gives each of them."""
    meta = obj["metadata"]
    labels = {**fields.mapping(meta.get("labels")), LABEL_NAME: meta["name"]}
    return {
        **obj,
        "metadata": {**meta, "labels": labels},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def declared(obj: kinds.Object) -> kinds.Object:
    """What clients may say of a namespace; spec and status are the server's alone."""
    return {key: value for key, value in obj.items() if key not in ("spec", "status")}


def kept(live: kinds.Object, new: kinds.Object) -> kinds.Object:
    """`new` with the server's part as it is."""
    return {**declared(new), **{key: live[key] for key in ("spec", "status") if key in live}}


def new(name: str, uid: str, now: str) -> kinds.Object:
    """A namespace nobody wrote down."""
    check_name(name)
    return completed(
        {
            "apiVersion": kinds.NAMESPACES.api_version,
            "kind": kinds.NAMESPACES.kind,
            "metadata": {"name": name, "uid": uid, "creationTimestamp": now},
        }
    )


def ensure_default(store: ports.Store, uid: str, now: str) -> None:
    """`default` is there from the start."""
    if store.find(kinds.NAMESPACES, kinds.Key("", DEFAULT)) is None:
        store.create(kinds.NAMESPACES, new(DEFAULT, uid, now))


def refuse_default(name: str) -> None:
    """Raises Forbidden for the one namespace that stays."""
    if name == DEFAULT:
        raise errors.Forbidden(
            f'namespaces "{name}" is forbidden: this namespace may not be deleted',
            kind=kinds.NAMESPACES.plural,
            name=name,
        )
