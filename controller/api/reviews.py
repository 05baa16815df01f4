"""Access reviews: who am I, may I do this, what may I do (authentication.k8s.io, authorization.k8s.io).

A question is not stored. What a token may do is one of two things; what a kind lacks nobody may do.
"""

from __future__ import annotations

from typing import Any

from controller.api import bodies, encode, registry, replies
from controller.api import call as calls
from controller.core import fields, kinds, metadata, users

_READ_ONLY = "the token is for reading only"


async def subject(call: calls.Call) -> replies.Sendable:
    """SelfSubjectReview: `kubectl auth whoami`."""
    await _asked(call)
    user = call.user
    return _answer(call, {"userInfo": {"username": user.name, "groups": list(user.groups)}})


async def access(call: calls.Call) -> replies.Sendable:
    """SelfSubjectAccessReview: `kubectl auth can-i`."""
    spec = fields.mapping((await _asked(call)).get("spec"))
    attributes = fields.mapping(spec.get("resourceAttributes"))
    verb = attributes.get("verb") or fields.mapping(spec.get("nonResourceAttributes")).get("verb")
    reason = _why_not(call.user, str(verb or "").lower(), attributes)
    status: dict[str, Any] = {"allowed": not reason}
    return _answer(call, {**status, "reason": reason} if reason else status, spec)


async def rules(call: calls.Call) -> replies.Sendable:
    """SelfSubjectRulesReview: `kubectl auth can-i --list`."""
    spec = fields.mapping((await _asked(call)).get("spec"))
    found = [rule for served in registry.SERVED for rule in _rules(call.user, served)]
    status = {
        "resourceRules": found,
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["*"]}],
        "incomplete": False,
    }
    return _answer(call, status, spec)


async def _asked(call: calls.Call) -> kinds.Object:
    asked = bodies.parse_object(await call.body(), call.content_type, call.services.load_yaml)
    return metadata.typed(call.resource, asked)


def _answer(call: calls.Call, status: dict[str, Any], spec: dict[str, Any] | None = None) -> replies.Sendable:
    head = {"kind": call.resource.kind, "apiVersion": call.resource.api_version, "metadata": {}}
    asked = {} if spec is None else {"spec": spec}
    return replies.Reply(encode.dump({**head, **asked, "status": status}), 201)


def _why_not(user: users.User, verb: str, attributes: dict[str, Any]) -> str:
    """Empty if it may be done."""
    reads = verb in users.READING
    if not attributes:
        return "" if reads or user.may_write else _READ_ONLY
    resource, subresource = str(attributes.get("resource") or ""), str(attributes.get("subresource") or "")
    if resource == "*" or verb == "*":
        return "" if user.may_write or (reads and resource == "*") else _READ_ONLY
    served = registry.find_plural(str(attributes.get("group") or ""), resource)
    if served is None:
        return f"there are no {resource} here"
    if verb not in served.verbs_of(subresource):
        what = f"{resource}/{subresource}" if subresource else resource
        return f"{verb} is not supported on {what}"
    return "" if user.may_write or may_read(served, verb, subresource) else _READ_ONLY


def may_read(served: registry.Served, verb: str, subresource: str = "") -> bool:
    """What a token for reading may do: read, and ask what it may do. A stream into a worker is neither."""
    if subresource in registry.STREAMS:
        return False
    return verb in users.READING or served.verbs == ("create",)


def _rules(user: users.User, served: registry.Served) -> list[dict[str, Any]]:
    """One for the kind, one for each subresource with verbs of its own."""
    found: list[dict[str, Any]] = []
    for name, verbs in (("", served.verbs), *served.subresources):
        allowed = [verb for verb in verbs if user.may_write or may_read(served, verb, name)]
        if allowed:
            resource = f"{served.resource.plural}/{name}" if name else served.resource.plural
            found.append({"verbs": allowed, "apiGroups": [served.resource.group], "resources": [resource]})
    return found
