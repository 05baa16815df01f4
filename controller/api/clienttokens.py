"""Below /workerset/v1: the TCP door, and the tokens that clients show there."""

from __future__ import annotations

from typing import Any

from controller.api import call as calls
from controller.api import encode, replies
from controller.core import bearers, errors


async def listen(call: calls.Call) -> replies.Sendable:
    """Open the TCP port, if it is not open; says where it is."""
    address = (await call.json()).get("address")
    if address is not None and not isinstance(address, str):
        raise errors.BadRequest(f"address must be a string, for example 127.0.0.1:8443: {address!r}")
    return _json(await call.services.gateway.open(address or ""))


async def listen_no_more(call: calls.Call) -> replies.Sendable:
    await call.services.gateway.close()
    return _json({})


async def tokens(call: calls.Call) -> replies.Sendable:
    """Names of tokens, never the tokens."""
    items = [
        {"name": name, "access": one["access"], "createdAt": one["createdAt"]}
        for name, one in sorted(_kept(call).items())
    ]
    return _json({"items": items})


async def create(call: calls.Call) -> replies.Sendable:
    """A new token, shown this once. `current`: one that stays if it is good, and is replaced if not."""
    body = await call.json()
    name = bearers.check_name(body.get("name"))
    access = bearers.check_access(body.get("access"))
    current, known = body.get("current"), _kept(call)
    if isinstance(current, str) and name in known and known[name]["digest"] == bearers.digest(current):
        return _json({"name": name, "access": known[name]["access"], "token": current})
    if name in known and current is None:
        raise errors.AlreadyExists(
            f'token "{name}" already exists; choose another name, or workerctl token revoke {name}',
            kind="tokens",
            name=name,
        )
    token = bearers.PREFIX + call.services.ids.secret()
    _keep(call, {**known, name: bearers.entry(token, access, call.services.now())})
    return _json({"name": name, "access": access, "token": token}, code=201)


async def revoke(call: calls.Call) -> replies.Sendable:
    """No request with it is answered any more."""
    name, known = call.params["name"], _kept(call)
    if name not in known:
        raise errors.NotFound(f'token "{name}" not found', kind="tokens", name=name)
    _keep(call, {key: one for key, one in known.items() if key != name})
    return _json({"name": name})


def _kept(call: calls.Call) -> bearers.Kept:
    return bearers.kept(call.services.store.setting(bearers.SETTING))


def _keep(call: calls.Call, tokens: dict[str, Any]) -> None:
    with call.services.store.transaction(durable=True):
        call.services.store.put_setting(bearers.SETTING, tokens)


def _json(value: Any, code: int = 200) -> replies.Reply:
    return replies.Reply(encode.dump(dict(value)), code)
