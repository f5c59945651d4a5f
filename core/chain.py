"""The chain that decisions are linked in: whoever changes or removes one later breaks it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

#: What the first decision is linked to.
START = "0" * 64


def linked(previous: str, decision: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hexadecimal, of a decision and all before it.

    ``previous`` is the digest of the decision before, ``decision`` the row as JSON values. Its digest is that of the
    previous digest, a line feed, and the row as JSON with sorted keys and no spaces, in UTF-8; so anybody can
    recompute it.
    """
    told = json.dumps(decision, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous}\n{told}".encode("utf-8", "surrogatepass")).hexdigest()
