"""`Accept`: which representation a client gets (RFC 9110 12.5.1, Kubernetes API concepts).

JSON is what there is; a client may ask for it as a Table or as metadata only. What is unknown in the list
(protobuf) is passed over, so that clients fall back to what they also name.
"""

from __future__ import annotations

import enum
import functools

from controller.core import errors


class Form(enum.Enum):
    OBJECT = "object"
    TABLE = "table"
    METADATA = "metadata"


_AS = {
    "": Form.OBJECT,
    "Table": Form.TABLE,
    "PartialObjectMetadata": Form.METADATA,
    "PartialObjectMetadataList": Form.METADATA,
}
_JSON = ("application/json", "application/*", "*/*")


@functools.lru_cache(maxsize=256)
def choose(accept: str) -> Form:
    """The first form the client names that there is, the best quality first. Raises NotAcceptable."""
    if not accept.strip():
        return Form.OBJECT
    found = [known for part in accept.split(",") if (known := _known(part)) is not None]
    if not found:
        raise errors.NotAcceptable(
            "only the following media types are accepted: application/json, "
            f"application/json;as=Table;v=v1;g=meta.k8s.io: {accept[:200]}"
        )
    return max(found, key=lambda pair: pair[0])[1]


def wants_aggregated(accept: str) -> bool:
    """Discovery in its aggregated form, in the one version of it that is written here."""
    for part in accept.split(","):
        name, *rest = (piece.strip() for piece in part.split(";"))
        if name.lower() == _JSON[0] and {"g=apidiscovery.k8s.io", "v=v2", "as=APIGroupDiscoveryList"} <= {
            *rest
        }:
            return True
    return False


def accepts_text(accept: str) -> bool:
    """Logs are text/plain; clients ask for them as `application/json, */*` or not at all."""
    names = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    return names == {""} or bool(names & {"text/plain", "text/*", "*/*", "application/json"})


def _known(part: str) -> tuple[float, Form] | None:
    name, *rest = (piece.strip() for piece in part.split(";"))
    if name.lower() not in _JSON:
        return None
    parameters = dict(piece.partition("=")[::2] for piece in rest)
    form = _AS.get(parameters.get("as", ""))
    if form is None:
        return None
    if form is not Form.OBJECT and (
        parameters.get("g") != "meta.k8s.io" or parameters.get("v") not in ("v1", "v1beta1")
    ):
        return None
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        quality = 1.0
    return (quality, form) if quality > 0 else None
