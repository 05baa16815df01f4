"""Vars as bytes and back (S6.2): JSON, with a one-key object for whatever JSON has no word for.

| tag | stands for |
| --- | --- |
| `{"$bytes": "base64"}` | bytes |
| `{"$float": "nan"}`, `inf`, `-inf` | a float that is not finite |
| `{"$enum": ["module:Class", "MEMBER"]}` | an enum member |
| `{"$map": [[key, value], …]}` | a dict with an int key, or of one key that begins with `$` |

Python 3.9 syntax, standard library only.
"""

from __future__ import annotations

from .decoding import EnumMissing, decode, parse
from .encoding import DEPTH, encode

__all__ = ["DEPTH", "EnumMissing", "decode", "encode", "parse"]
