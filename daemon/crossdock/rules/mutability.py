"""What may still be changed in a document that its warehouse has: by group of fields and stage (DOMAIN 4.5)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.rules.changes import Change, expected_after_push
from crossdock.spec.outbound import Stage
from crossdock.spec.outbound_changes import FieldGroup

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from crossdock.spec.connector import Capabilities


class Move(StrEnum):
    """What is done about a change. CANCEL and REQUEST are about the status only: a request may be refused.

    LOCAL: nobody has to be told. KEPT: a person let the warehouse's version stand.
    """

    UPDATE = "update"
    HOLD_AND_ASK = "hold_and_ask"
    ASK = "ask"
    REFUSE = "refuse"
    LOCAL = "local_only"
    KEPT = "kept"
    CANCEL = "cancel"
    REQUEST = "request"


STAGES = (Stage.PENDING, Stage.PICKING, Stage.PICKED, Stage.PACKED, Stage.OUTBOUND)
"""The stages of a document in their order; CANCELLED stands beside them."""
RANK: dict[Stage, int] = {**{stage: number for number, stage in enumerate(STAGES)}, Stage.CANCELLED: 9}
"""The numbers under which stages are stored."""

_U, _H, _A, _R = Move.UPDATE, Move.HOLD_AND_ASK, Move.ASK, Move.REFUSE
TABLE: dict[FieldGroup, tuple[Move, Move, Move, Move, Move]] = {
    FieldGroup.STATUS: (Move.CANCEL, Move.REQUEST, Move.REQUEST, Move.REQUEST, _R),
    FieldGroup.LINES: (_U, _H, _A, _R, _R),
    FieldGroup.RECIPIENT: (_U, _U, _A, _A, _R),
    FieldGroup.LOGISTICS: (_U, _U, _U, _A, _R),
    FieldGroup.NOTES: (_U, _U, _U, _U, Move.LOCAL),
    FieldGroup.OTHER: (_U, _U, _U, _A, _R),
    FieldGroup.LABEL: (Move.LOCAL, Move.LOCAL, Move.LOCAL, Move.LOCAL, Move.LOCAL),
}
"""By group, for each of STAGES, where a connector declares nothing. A label is never part of a document's update."""
STALE: dict[FieldGroup, frozenset[Stage]] = {
    FieldGroup.RECIPIENT: frozenset({Stage.PENDING, Stage.PICKING, Stage.PICKED, Stage.PACKED}),
    FieldGroup.LOGISTICS: frozenset({Stage.PICKED, Stage.PACKED}),
}
"""Where a change makes the shipping label stale."""


class Abilities(Struct, frozen=True, kw_only=True):
    """What a connection's WMS can do with documents that it has; `tells_stage`: `find_outbound` says how far they are."""

    updates: dict[FieldGroup, Stage] = msgspec.field(default_factory=dict)
    cancel_until: Stage | None = None
    can_update: bool = False
    can_cancel: bool = False
    can_hold: bool = False
    can_find: bool = False
    tells_stage: bool = False


def abilities_of(capabilities: Capabilities, hooks: Collection[str]) -> Abilities:
    """Gather what a connector declares and implements."""
    can_find = "find_outbound" in hooks and capabilities.idempotency != "none"
    return Abilities(
        updates=capabilities.updates,
        cancel_until=capabilities.cancel_until,
        can_update="update_outbound" in hooks,
        can_cancel="cancel_outbound" in hooks,
        can_hold="hold_outbound" in hooks,
        can_find=can_find,
        tells_stage=can_find and capabilities.tells_stage,
    )


class Choice(Struct, frozen=True, array_like=True):
    """What was settled about one value: a person's "force", "keep" or "ship", or "refused" by the warehouse with `text`.

    It counts while the order still says `after`.
    """

    kind: str
    after: str | None
    text: str = ""


class Decided(Struct, frozen=True, array_like=True):
    """One difference and what is done about it; `clause` names why, `text` is what the clause's sentence needs."""

    group: FieldGroup
    path: str
    before: str | None
    after: str | None
    move: Move
    clause: str
    text: str = ""
    stale: bool = False


OPEN = frozenset({Move.ASK, Move.HOLD_AND_ASK, Move.REFUSE})
"""What a person has to decide."""


def decide_changes(
    changes: Sequence[Change],
    stage: Stage,
    abilities: Abilities | None,
    choices: Mapping[str, Choice],
    blocked: Mapping[FieldGroup, str],
) -> tuple[Decided, ...]:
    """Decide about each change at a stage. `abilities` None: the connection is not open, so nothing can be said of it.

    `blocked` are groups that must not be sent, each with the sentence why. What belongs to no other group follows the
    lines where those changed too: a total must not go without the lines that make it.
    """
    found = [_one(change, stage, abilities, choices.get(change.path), blocked) for change in changes]
    waiting = next((each for each in found if each.group is FieldGroup.LINES and each.move in OPEN), None)
    if waiting is None:
        return tuple(found)
    return tuple(
        msgspec.structs.replace(each, move=Move.ASK, clause="with_lines")
        if each.group is FieldGroup.OTHER and each.move is Move.UPDATE and each.clause != "forced"
        else each
        for each in found
    )


def _one(
    change: Change,
    stage: Stage,
    abilities: Abilities | None,
    choice: Choice | None,
    blocked: Mapping[FieldGroup, str],
) -> Decided:
    move, clause, text = _settled(change, choice) or _moved(change, stage, abilities, blocked)
    stale = move not in (Move.KEPT, Move.LOCAL) and stage in STALE.get(change.group, ())
    return Decided(change.group, change.path, change.before, change.after, move, clause, text, stale)


def _settled(change: Change, choice: Choice | None) -> tuple[Move, str, str] | None:
    if choice is None or choice.after != change.after:
        return None
    match choice.kind:
        case "force":
            return Move.UPDATE, "forced", choice.text
        case "keep":
            return Move.KEPT, "kept", choice.text
        case _:
            return Move.ASK, "refused", choice.text


def _moved(
    change: Change, stage: Stage, abilities: Abilities | None, blocked: Mapping[FieldGroup, str]
) -> tuple[Move, str, str]:
    group = change.group
    if group in blocked:
        return Move.ASK, "blocked", blocked[group]
    can = abilities is not None and abilities.can_update
    if not can and expected_after_push(change):
        return Move.LOCAL, "no_update", ""
    move, clause = at_stage(group, stage, {} if abilities is None else abilities.updates)
    if move is Move.UPDATE and not can:
        return Move.ASK, "not_open" if abilities is None else "no_update", ""
    return move, clause, stage.value


def at_stage(group: FieldGroup, stage: Stage, declared: Mapping[FieldGroup, Stage]) -> tuple[Move, str]:
    """Say what the table, and what a connector declares over it, have for a group at a stage, with the clause why."""
    if stage is Stage.CANCELLED:
        return Move.LOCAL, "cancelled"
    usual = TABLE[group][RANK[stage]]
    last = declared.get(group)
    if last is None or usual is Move.LOCAL:
        return usual, "table"
    if RANK[stage] <= RANK[last]:
        return Move.UPDATE, "declared"
    return (Move.ASK, "declared") if usual is Move.UPDATE else (usual, "table")


def until(groups: Collection[FieldGroup], declared: Mapping[FieldGroup, Stage]) -> Stage | None:
    """Return the last stage at which all of these groups may be updated; None: at every stage."""
    lasts = [
        max((RANK[stage] for stage in STAGES if at_stage(group, stage, declared)[0] in _FREE), default=0)
        for group in groups
    ]
    rank = min(lasts, default=RANK[Stage.OUTBOUND])
    return None if rank >= RANK[Stage.PACKED] else STAGES[rank]


def after_leaving(found: Sequence[Decided]) -> tuple[Decided, ...]:
    """Decide again about what would be sent, now that goods have left: nothing is, not even what a person forces."""
    return tuple(
        msgspec.structs.replace(
            each, move=Move.LOCAL if each.group is FieldGroup.NOTES else Move.REFUSE, clause="shipped"
        )
        if each.move is Move.UPDATE
        else each
        for each in found
    )


_FREE = frozenset({Move.UPDATE, Move.LOCAL})


def cancelling(stage: Stage, abilities: Abilities | None) -> tuple[Move, str]:
    """Say whether the warehouse is asked to cancel a document at a stage, with the clause why."""
    if abilities is None:
        return Move.ASK, "not_open"
    if not abilities.can_cancel:
        return Move.REFUSE, "no_cancel"
    if stage is Stage.CANCELLED:
        return Move.CANCEL, "cancelled"
    last = abilities.cancel_until
    if last is not None:
        late = RANK[stage] > RANK[last]
        return (Move.REFUSE, "declared") if late else (Move.CANCEL, "declared")
    return TABLE[FieldGroup.STATUS][RANK[stage]], "table"


_SENTENCES = {
    "table": "at the stage {0} the rule for {1} is: {2}",
    "declared": "its warehouse says of {1} at the stage {0}: {2}",
    "with_lines": "it belongs to the lines, which wait for a decision",
    "blocked": "{0}",
    "not_open": "its warehouse's connection is not open, so nothing can be asked of it yet",
    "no_update": "its warehouse takes no changes from crossdock: tell it by hand",
    "no_cancel": "its warehouse takes no cancellations from crossdock: tell it by hand",
    "forced": "a person sends it whatever the stage ({0})",
    "kept": "a person let the warehouse's version stand ({0})",
    "refused": "its warehouse refused it: {0}",
    "cancelled": "its warehouse has cancelled it",
    "shipped": "goods of it have left the warehouse",
}


def sentence(decided: Decided) -> str:
    """Say why a change is dealt with as it is. Facts may hold hostile text: clean the result before a terminal."""
    return said(decided.clause, decided.text, decided.group, decided.move)


def said(clause: str, text: str, group: FieldGroup, move: Move) -> str:
    """Say a clause in English."""
    return _SENTENCES[clause].format(text, group.value, move.value.replace("_", " "))
