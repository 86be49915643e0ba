"""The page of the webhook format says what the code does."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT, blocks

from crossdock.control.webhook_receiver import STATUS
from crossdock.rules.webhooks import ID, SIGNATURE, TIMESTAMP, Verdict
from crossdock.spec.webhooks import Hint, Subject
from crossdock_oms_default.connector import OmsConnector
from crossdock_wms_default.connector import WmsConnector

PAGE = (ROOT / "docs" / "reference" / "webhooks.md").read_text(encoding="utf-8")


def test_every_status_and_header_is_on_the_page_and_no_other():
    assert {int(code) for code in re.findall(r"^\| (\d{3}) \|", PAGE, re.MULTILINE)} == {
        int(s) for s in STATUS.values()
    }
    assert re.findall(r"^\| `(webhook-\w+)` \|", PAGE, re.MULTILINE) == [ID, TIMESTAMP, SIGNATURE]
    assert all(f"`{subject.value}`" in PAGE for subject in Subject)


def test_the_body_on_the_page_is_read_by_both_default_connectors():
    (body,) = blocks(PAGE, "json")
    for connector in (OmsConnector, WmsConnector):
        assert connector.parse_webhook(None, {}, body.encode()) == [Hint(Subject.ORDER, "O-1001")]


def test_every_result_is_explained():
    page = (ROOT / "docs" / "how-to" / "receive-webhooks.md").read_text(encoding="utf-8")
    assert all(f"`{verdict.value}`" in page for verdict in Verdict)
