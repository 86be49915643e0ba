"""Idempotency keys: the same order, warehouse, group and generation give the same key, for ever and anywhere."""

from __future__ import annotations

import base64
import hashlib


def outbound_key(oms: str, order_ref: str, warehouse: str, group: int, generation: int) -> str:
    """Name the creation of an outbound document: "XD-" and 20 characters of A to Z and 2 to 7.

    It holds no revision, so that an order amended while its push is in doubt cannot get a second key; `generation` is
    raised only after a definite end of the earlier one (DOMAIN 4.4). The parts are joined by a character that no name
    or reference can hold, so that no two sets of parts read the same.
    """
    text = "\x1f".join(("FR", oms, order_ref, warehouse, str(group), str(generation)))
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return "XD-" + base64.b32encode(digest[:15])[:20].decode("ascii")


def cost_key(*parts: str) -> str:
    """Name the writing of a cost, or an event of the cost ledger: "XC-" and 20 characters of A to Z and 2 to 7.

    The parts are those of DOMAIN 4.4 (warehouse, document, line or receipt, revision, PLAN or REAL; for an average the OMS,
    the SKU and the number of the average).
    """
    digest = hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).digest()
    return "XC-" + base64.b32encode(digest[:15])[:20].decode("ascii")
