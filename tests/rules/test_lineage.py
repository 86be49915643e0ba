"""Is the database the one that ran last, a new one, or one that was put back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crossdock.rules.lineage import SKEW, Mark, Origin, caution, origin

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stored", "beside", "used", "found"),
    [
        (None, None, False, Origin.FRESH),
        (None, Mark("a", 7), False, Origin.FRESH),
        (None, None, True, Origin.SAME),
        (None, Mark("a", 7), True, Origin.RESTORED),
        (Mark("a", 7), None, True, Origin.RESTORED),
        (Mark("a", 7), Mark("b", 7), True, Origin.RESTORED),
        (Mark("a", 7), Mark("a", 8), True, Origin.RESTORED),
        (Mark("a", 7), Mark("a", 7), True, Origin.SAME),
        (Mark("a", 8), Mark("a", 7), True, Origin.SAME),
    ],
    ids=[
        "new", "lost", "of a version without marks", "backup of a version without marks", "without its mark",
        "of another folder", "older", "the same", "killed between the two writes",
    ],
)  # fmt: skip
def test_a_database_is_judged_by_the_mark_beside_it(stored, beside, used, found):
    assert origin(stored, beside, used=used) is found


def test_caution_begins_at_the_start_and_after_a_restore_allows_for_the_clock_of_the_oms():
    assert caution(Origin.SAME, 1, NOW) is None
    assert (caution(Origin.FRESH, 1, NOW).before, caution(Origin.RESTORED, 2, NOW).before) == (NOW, NOW + SKEW)
