"""Whoever changes something, or is shown personal data, leaves a row; no row, no change."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest
from tests.control.test_permissions import SAMPLE
from tests.control.world import ROLES as ROLE_NAMES
from tests.control.world import order

from crossdock.control.auditing import Auditor, about, ending
from crossdock.control.client import Refusal
from crossdock.control.permissions import ROLES, Right, allowed
from crossdock.control.records.asks import Done, Results
from crossdock.control.records.book import Strategy
from crossdock.control.route import Stream
from crossdock.control.routes import TABLE
from crossdock.spec.errors import AuthFailed
from crossdock.store import audit

pytestmark = pytest.mark.security("S6")

CHANGING = [route for route in TABLE if route.method != "GET" and not route.look]


async def rows(world, **sought):
    return await world.store.read(audit.newest, audit.Sought(**sought), None, 200)


def sent_to(route):
    query = "?revision=1" if route.method == "DELETE" else ""
    return route.method, route.path.format(**SAMPLE) + query, b"{}" if route.body else None


@pytest.mark.security("S4")
@pytest.mark.behaviour("R42")
@pytest.mark.parametrize("role", ROLE_NAMES)
async def test_every_request_that_changes_something_leaves_exactly_one_end_in_the_audit(world, raw, role):
    world.become(role)
    wrong = []
    for route in CHANGING:
        before = {row.id for row in await rows(world)}
        status, body, _ = await raw(*sent_to(route))
        ended = [row for row in await rows(world) if row.id not in before and row.result != "begun"]
        expected = allowed(ROLES[role], route.permission)
        result = "forbidden" if not expected else "done" if status < 400 else "refused"
        if [(row.actor, row.roles, row.action, row.result) for row in ended if row.actor == role] != [
            (role, role, route.name, result)
        ] and (status, route.name) != (200, "forget_order"):
            wrong.append((route.name, status, body, ended))
    assert wrong == []


@pytest.mark.behaviour("R42")
async def test_every_row_names_what_its_path_names_whether_it_was_done_or_refused(world, raw):
    nameless = []
    for route in CHANGING:
        before = {row.id for row in await rows(world)}
        await raw(*sent_to(route))
        left = [row for row in await rows(world) if row.id not in before and row.actor == "admin"]
        wrong = [row for row in left if not all(SAMPLE[name] in row.object for name in route.names)]
        nameless += [(route.name, row.object, row.result) for row in wrong]
    assert nameless == []


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"connection": "wms", "document": "IN-1", "line_no": 2, "receipt": "R1"}, "wms/IN-1 line 2 receipt R1"),
        ({"oms": "shop", "sku": "A"}, "shop/A"),
        ({"warehouse": "WH1", "oms": "shop", "on": True}, "WH1"),
        ({"plan": 5}, "plan/5"),
        ({"operations": (1, 2)}, "operation:1, operation:2"),
        ({"all_matching": True, "list": "receiving", "status": "failed"}, "all receiving failed"),
        ({"documents": (SimpleNamespace(connection="wms", ref="D1"),)}, "wms/D1"),
        ({"reason": "Somchai said so", "value": "Somchai"}, ""),
    ],
)
def test_a_body_is_named_by_references_only(body, named):
    assert about({}, SimpleNamespace(**body)) == named


async def test_a_look_leaves_nothing(world, raw):
    for route in TABLE:
        if route not in CHANGING:
            await raw(*sent_to(route), begun=route.answer is Stream)
    assert await rows(world) == []


async def test_a_request_whose_row_cannot_be_written_is_refused(world, client):
    await world.fetch()
    await world.store.write(lambda tx: tx.execute("ALTER TABLE audit RENAME TO audit_away"))
    with pytest.raises(Refusal):
        await client.pause("wms", "stocktaking")
    assert (await client.connections()).items[-1].state == "ok"
    with pytest.raises(Refusal):
        await client.save_strategy(Strategy(name="new", kind="standard"))
    assert [item.name for item in (await client.strategies()).items] == ["std"]
    await world.store.write(lambda tx: tx.execute("ALTER TABLE audit_away RENAME TO audit"))
    await client.pause("wms", "stocktaking")


async def test_a_row_says_who_did_what_to_what_and_how_it_ended(world, client):
    world.serve(order("A", holds=("wait",)))
    await world.fetch()
    world.become("operator")
    done = await client.hold([msgspec_ref("A"), msgspec_ref("nowhere")], "secret reason of Somchai")
    assert [each.done for each in done.results] == [True, False]
    row, *_ = await rows(world)
    assert (row.actor, row.roles, row.action, row.object) == ("operator", "operator", "hold", "oms/A, oms/nowhere")
    assert (row.result, row.reason) == ("partly", "1 of 2 orders not done: nowhere")
    assert "Somchai" not in str(await rows(world))


def msgspec_ref(ref):
    from crossdock.control.records.orders import OrderRef

    return OrderRef(connection="oms", ref=ref)


async def test_an_entry_that_is_saved_changed_and_removed_leaves_the_hashes_of_what_it_was_and_is(world, client):
    saved = await client.save_strategy(Strategy(name="new", kind="standard"))
    again = await client.save_strategy(msgspec.structs.replace(saved, kind="manual_only"))
    await client.remove_strategy("new", again.revision)
    removed, changed, made = await rows(world, object="new")
    assert (made.before, changed.before, removed.before) == ("", made.after, changed.after)
    assert len({made.after, changed.after}) == 2
    assert removed.after == ""
    assert {row.result for row in (removed, changed, made)} == {"done"}


async def test_what_was_not_saved_leaves_no_row_that_says_it_was(world, client):
    with pytest.raises(Refusal):
        await client.save_strategy(Strategy(name="std", kind="standard", revision=7))
    (row,) = await rows(world)
    assert (row.action, row.result) == ("save_strategy", "refused")
    assert row.reason.startswith("changed_meanwhile: ")


async def test_a_pause_by_the_daemon_itself_is_told(world, client):
    keeper = world.engine.keeper
    for _ in range(3):
        keeper.failed("wms", AuthFailed("who are you?"))
    await keeper.save()
    (row,) = await rows(world, actor="crossdock")
    assert (row.action, row.object, row.reason) == ("pause_connection", "wms", "AuthFailed")


@pytest.mark.security("S16")
@pytest.mark.parametrize("look", ["show", "explain"])
async def test_whoever_is_shown_personal_data_leaves_a_row_once_a_minute(world, client, look):
    world.serve(order("A"))
    await world.fetch()

    async def looked():
        return await (client.order("oms", "A") if look == "show" else client.explain("A", "oms"))

    world.become("operator")
    await looked()
    await looked()
    assert [(r.actor, r.action, r.object) for r in await rows(world)] == [("operator", "pii.reveal", "oms/A")]
    world.become("viewer")
    await looked()
    assert len(await rows(world)) == 1
    world.become("warehouse")
    await looked()
    assert len(await rows(world)) == 2


@pytest.mark.security("S16")
async def test_personal_data_stay_hidden_while_the_audit_cannot_be_written(world, client):
    world.serve(order("A"))
    await world.fetch()
    await world.store.write(lambda tx: tx.execute("ALTER TABLE audit RENAME TO audit_away"))
    found = await client.order("oms", "A")
    assert found.masked
    assert found.order.buyer_note == "•••"


async def test_the_audit_is_paged_filtered_and_for_those_who_may_read_it(world, client):
    for number in range(5):
        await client.save_strategy(Strategy(name=f"s{number}", kind="standard"))
    seen, after = [], None
    while True:
        page = await client.audit(limit=2, after=after)
        seen += [item.object for item in page.items]
        after = page.next
        if after is None:
            break
    assert seen == ["s4", "s3", "s2", "s1", "s0"]
    assert [item.object for item in (await client.audit(object="s3", action="save_strategy")).items] == ["s3"]
    assert (await client.audit(since="2999-01-01T00:00:00+00:00")).items == ()
    assert (await client.audit(result="refused")).items == ()
    assert len((await client.audit(result="done")).items) == 5
    with pytest.raises(Refusal, match="time zone"):
        await client.audit(since="2999-01-01T00:00:00")
    world.become("operator")
    with pytest.raises(Refusal, match=r"audit\.read"):
        await client.audit()


async def test_the_audit_is_verified_and_the_first_bad_row_named(world, client):
    for number in range(5):
        await client.save_strategy(Strategy(name=f"s{number}", kind="standard"))
    good = await client.verify_audit()
    assert (good.ok, good.ended, good.checked, good.at) == (True, True, 5, 5)
    assert not (await client.verify_audit(expect_row=5, expect_hash="0" * 64)).ok
    assert (await client.verify_audit(expect_row=5, expect_hash=good.hash)).ok

    def tamper(tx):
        tx.execute("DROP TRIGGER audit_no_update")
        tx.execute("UPDATE audit SET actor = 'nobody' WHERE id = 3")

    await world.store.write(tamper)
    bad = await client.verify_audit()
    assert (bad.ok, bad.bad_row, "was changed" in bad.text) == (False, 3, True)


async def test_who_one_is_is_told_to_everybody(world, client):
    world.become("buyer")
    found = await client.whoami()
    assert (found.user, found.roles) == ("buyer", ("buyer",))
    assert set(found.rights) == {right.value for right in ROLES["buyer"]}
    assert Right.COST_ACTUAL_EDIT.value in found.rights


async def test_a_row_of_many_orders_names_a_few_and_their_number(world):
    class Body:
        connection = "oms"
        refs = tuple(f"R{n}" for n in range(9))

    assert about({"code": "WH1"}, Body()) == "WH1/oms/R0, R1, R2, R3, R4 and 4 more"
    left = tuple(Done(order=f"R{n}", done=False, text="Somchai's phone") for n in range(9))
    assert ending(Results(results=left)).result == "refused"
    assert "Somchai" not in ending(Results(results=left)).reason


async def test_an_end_that_cannot_be_written_leaves_the_beginning(world):
    auditor = Auditor(world.engine)
    by = audit.By(actor="anna", action="push", object="oms/A", request="r1")
    await auditor.begun(by)
    await world.store.write(lambda tx: tx.execute("ALTER TABLE audit RENAME TO audit_away"))
    await auditor.ended(by, ending(None))
    await world.store.write(lambda tx: tx.execute("ALTER TABLE audit_away RENAME TO audit"))
    assert [row.result for row in await rows(world)] == ["begun"]


async def test_a_remote_system_s_words_do_not_reach_the_audit(world, client):

    async def rude():
        raise AuthFailed("no such customer: Somchai")

    world.oms.check = rude
    with pytest.raises(Refusal, match="Somchai"):
        await client.check("oms")
    assert "Somchai" not in str(await rows(world))
