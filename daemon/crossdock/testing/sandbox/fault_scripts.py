"""Fault scripts by name ("none", "flaky") or from a JSON file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script

WRITES = ("/v1/outbounds", "/v1/push-reports", "/v1/costs/update")
CHANGES = ("/v1/outbounds/update", "/v1/outbounds/cancel", "/v1/outbounds/hold")
READ_POSTS = ("/v1/orders/get", "/v1/outbounds/find", "/v1/costs/get")


def _writes(fault: Fault, probability: float, paths: tuple[str, ...] = WRITES, **args: object) -> list[Rule]:
    return [
        Rule(fault=fault, match=Match(method="POST", path=path, probability=probability), args=args) for path in paths
    ]


def _reads(fault: Fault, probability: float, **args: object) -> list[Rule]:
    matches = [Match(method="GET", path="/v1/*", probability=probability)]
    matches += [Match(method="POST", path=path, probability=probability) for path in READ_POSTS]
    return [Rule(fault=fault, match=match, args=args) for match in matches]


def flaky(seed: int = 0) -> Script:
    """Return a bad day: lost, late, partial and refused writes, about one in six, and damaged reads, one in thirty."""
    rules = [
        *_writes(Fault.S500, 0.05),
        *_writes(Fault.ACCEPTED_THEN_LOST, 0.05),
        *_writes(Fault.S429, 0.03, retry_after="cycle", seconds=1),
        *_writes(Fault.ACCEPTED_LATE, 0.02, seconds=0.3, hold_s=0),
        *_writes(Fault.PARTIAL_BATCH, 0.02),
        *_reads(Fault.S500, 0.01),
        *_reads(Fault.HTML_200, 0.01),
        *_reads(Fault.TRUNCATED, 0.01),
        *_writes(Fault.S500, 0.05, CHANGES),
        *_writes(Fault.ACCEPTED_THEN_LOST, 0.05, CHANGES),
        *_writes(Fault.S429, 0.03, CHANGES, retry_after="seconds", seconds=1),
        *_writes(Fault.ACCEPTED_LATE, 0.02, CHANGES, seconds=0.3, hold_s=0),
    ]
    return Script(rules=tuple(rules), seed=seed)


def load_script(name: str, seed: int | None = None) -> Script:
    """Return the script "none", "flaky", or that of the JSON file `name`; `seed` overrides the script's own.

    Raises ValueError with a sentence if there is no such script or it is not one.
    """
    if name in {"none", ""}:
        return Script()
    if name == "flaky":
        return flaky(seed or 0)
    try:
        script = msgspec.json.decode(Path(name).read_bytes(), type=Script)
    except OSError as error:
        raise ValueError(f"fault script {name}: {error.strerror}; give none, flaky or a JSON file") from None
    except msgspec.MsgspecError as error:
        raise ValueError(f"fault script {name}: {error}") from None
    return script if seed is None else msgspec.structs.replace(script, seed=seed)
