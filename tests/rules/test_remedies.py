"""What mends a trouble beyond pushes: each that a flow reports has its own sentence, and never another one's command."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.flows import after_push, label_changes, post_documents, product_writes, sync_stock
from crossdock.rules import operation_outcome, remedies
from crossdock.rules.remedies import of_exchange
from crossdock.rules.troubles import remedy

OPERATIONS = [
    after_push.UPDATE, after_push.CANCEL, after_push.HOLD, after_push.DOCUMENT, label_changes.STALE, label_changes.FETCH,
    label_changes.DELIVERY, label_changes.PULL, post_documents.OUTBOUND_KIND, post_documents.INBOUND_KIND, product_writes.WRITE,
    sync_stock.LEVEL, sync_stock.MOVEMENT, "cost_document", "cost_average", "cost_write", "cost_drift",
    "document contradicted", "document doubled", "document revision_not_raised", "twins",
]  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_that_flows_report_has_a_remedy_whatever_its_code(operation):
    assert of_exchange(operation, "any code of theirs").text


@pytest.mark.parametrize(
    ("operation", "code", "command"),
    [
        ("master", "brake", "crossdock master release BKK"),
        ("master", "first_contact", "crossdock master plan BKK"),
        ("outbound_cancel", "too_late", "crossdock packages decide ORDER --choice CHOICE --reason WHY"),
        ("outbound_document", "rejected", "crossdock packages decide ORDER --choice CHOICE --reason WHY"),
        ("outbound_document", "short", "crossdock packages decide ORDER --choice CHOICE --reason WHY"),
        ("post_outbound", "no_oms", "crossdock warehouses set CODE --oms NAME"),
        ("post_inbound", "some_refusal", "crossdock documents repush DOCUMENT"),
        ("cost_drift", "average", "crossdock costs settle-drift shop BKK --reason WHY"),
        ("label", "LABEL_STALE", "crossdock labels pull ORDER"),
        ("cost", remedies.NO_HANDLER, "crossdock plugins list"),
        ("reconcile", "brake", "crossdock reconcile --force"),
        ("push", "sku_missing", ""),
    ],
)
def test_a_trouble_is_mended_by_the_command_of_its_own_part(operation, code, command):
    assert remedy(code, "shop", "BKK", operation=operation).command == command


def test_troubles_of_pushes_are_left_to_their_own_remedies():
    assert of_exchange("push", "sku") is None
    assert of_exchange("reconcile", "brake") is None
    assert remedies.NO_HANDLER == operation_outcome.NO_HANDLER


@given(connection=st.text(min_size=1, max_size=20), sku=st.text(min_size=1, max_size=50))
def test_a_hostile_name_stays_one_word_of_the_command(connection, sku):
    words = shlex.split(remedy("average", connection, sku, operation="cost_drift").command)
    assert words == ["crossdock", "costs", "settle-drift", connection, sku, "--reason", "WHY"]
