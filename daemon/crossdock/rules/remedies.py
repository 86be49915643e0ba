"""What mends a trouble that is not about a push: changes after it, labels, documents, product data, costs, stock."""

from __future__ import annotations

from msgspec import Struct


class Remedy(Struct, frozen=True):
    """What to do about a trouble: a sentence, and the command to begin with ("" if there is none).

    In a command of this module {0} stands for the connection and {1} for what is missing; words in capitals are for the
    reader to fill in.
    """

    text: str
    command: str = ""


NO_HANDLER = "NoHandler"
"""The code of what a connector cannot do any more, whatever it is about."""

_UNABLE = Remedy("bring back the connector that can do it; what waits goes on by itself", "crossdock plugins list")
_MAP = Remedy(
    "say what this SKU is called here; what waits for it goes on by itself",
    "crossdock mappings set WAREHOUSE sku OURS THEIRS",
)
_ONE_NAME = Remedy(
    "leave one SKU that is mapped to it; what waits goes on by itself", "crossdock mappings list WAREHOUSE"
)
_LOOK = Remedy("look into the warehouse, and have its document corrected there; the corrected one is taken by itself")
_REPUSH = Remedy("mend what the OMS says about each, then push them again", "crossdock documents repush DOCUMENT")
_SOUND = Remedy(
    "have the clock or the numbers of the warehouse system corrected; the next level that can be taken closes this",
    "crossdock stock fetch {0}",
)
_TWINS = Remedy("give both the same SKU if they are one product; if they are two, nothing has to be done")

_OF_CODE: dict[tuple[str, str], Remedy] = {
    ("outbound_document", "rejected"): Remedy(
        "push each again (again), or cancel it in the OMS",
        "crossdock packages decide ORDER --choice CHOICE --reason WHY",
    ),
    ("outbound_document", "short"): Remedy(
        "decide what the customer gets for the rest, enter that in the OMS, and say that it is done (keep)",
        "crossdock packages decide ORDER --choice CHOICE --reason WHY",
    ),
    ("outbound_document", "shipped_cancelled"): Remedy(
        "these parcels are on their way although the OMS was told that they are cancelled: correct the OMS or have them back, "
        "and say that it is done (keep)",
        "crossdock packages decide ORDER --choice CHOICE --reason WHY",
    ),
    ("listing", "not_offered"): Remedy(
        "nothing is wrong if the system has no such list: mute this. Else have the system, or the address of the connection, corrected",
        "crossdock incidents mute INCIDENT",
    ),
    ("listing", "unreadable_list"): Remedy(
        "have the system corrected, or its connector; it is asked again by itself, and this closes when the list can be read",
        "crossdock tasks list",
    ),
    ("outbound_warehouse", "not_set_up"): Remedy(
        "set the warehouse up again under the same code, disabled if it takes no new orders; or tell it by hand and let its version stand",
        "crossdock warehouses set {1} --connection {0} --disabled",
    ),
    ("master", "brake"): Remedy(
        "see what changed; if it is meant, let it pass, else switch the warehouse off and mend the source",
        "crossdock master release {1}",
    ),
    ("master", "first_contact"): Remedy(
        "have the plan made, look at it, and apply that one", "crossdock master plan {1}"
    ),
    ("binding", "missing_product"): Remedy(
        "create each there under exactly the same SKU; it is then bound by itself",
        "crossdock master products {1} --state unbound",
    ),
    ("binding", "twins"): _TWINS,
    ("stock", "no_oms"): Remedy("say which OMS gets the stock", "crossdock stock switch {1} on --oms NAME"),
    ("stock", "unmapped"): _MAP,
    ("stock", "ambiguous"): _ONE_NAME,
    ("stock", "future"): _SOUND,
    ("stock", "no_number"): _SOUND,
    ("stock", "no_zone"): _SOUND,
    ("stock", "sequence"): _SOUND,
    ("movement", "no_number"): _SOUND,
}
for _direction in ("post_outbound", "post_inbound"):
    _OF_CODE |= {
        (_direction, "unmapped_sku"): _MAP,
        (_direction, "ambiguous_sku"): _ONE_NAME,
        (_direction, "unknown_warehouse"): Remedy(
            "set the warehouse up; its documents then go by themselves",
            "crossdock warehouses set CODE --connection {0} --remote REMOTE",
        ),
        (_direction, "several_warehouses"): Remedy(
            "let one warehouse have this code of the WMS, or switch the other off; its documents then go by themselves",
            "crossdock warehouses set CODE --disabled",
        ),
        (_direction, "no_oms"): Remedy("say which OMS gets its documents", "crossdock warehouses set CODE --oms NAME"),
        (_direction, "several_orders"): Remedy("have the warehouse name the order by the key it was created under"),
        (_direction, "unknown_order"): Remedy("fetch the orders; their documents then go by themselves", "crossdock sync ORDER --connection NAME"),
        (_direction, "unsupported"): Remedy(
            "once its connector takes such documents, push them again",
            "crossdock documents repush --all --list LIST --status not_pushed",
        ),
    }  # fmt: skip

_OF_OPERATION: dict[str, Remedy] = {
    "outbound_update": Remedy(
        "decide about each: keep lets the warehouse's version stand, force sends it all the same",
        "crossdock packages decide ORDER --choice CHOICE --reason WHY",
    ),
    "outbound_cancel": Remedy(
        "decide about each: ship lets it go, ask_again asks once more, cancelled says that you cancelled it there",
        "crossdock packages decide ORDER --choice CHOICE --reason WHY",
    ),
    "outbound_hold": Remedy("the warehouse does not wait by itself: tell its people, then decide about the order"),
    "outbound_document": _LOOK,
    "label": Remedy(
        "pull the new label and stick it over the old one, or confirm that the printed one is right", "crossdock labels pull ORDER"
    ),
    "label_pull": Remedy(
        "pull the new label, or confirm that the one at the warehouse is right", "crossdock labels pull ORDER"
    ),
    "label_fetch": Remedy("mend in the OMS what it says about each, then pull the labels", "crossdock labels pull ORDER"),
    "label_delivery": Remedy("save each label, and see to the parcel by hand", "crossdock labels save ORDER FILE"),
    "post_outbound": _REPUSH,
    "post_inbound": _REPUSH,
    "document contradicted": _LOOK,
    "document doubled": Remedy(
        "cancel one of the documents of each in the warehouse; once those left hold no more than was ordered, this closes by itself",
        "crossdock documents list --text ORDER",
    ),
    "document revision_not_raised": Remedy("have the warehouse raise the revision; the document is then taken by itself"),
    "cost_document": Remedy("correct the costs in the warehouse; the corrected document is taken by itself", "crossdock costs list"),
    "cost_average": Remedy("enter what is missing, or take over what the OMS holds", "crossdock costs list"),
    "cost_write": Remedy("look at what is held there, then enter the cost again", "crossdock costs list"),
    "cost_drift": Remedy(
        "decide whose average stands: --take-theirs, or --write-ours",
        "crossdock costs settle-drift {0} {1} --reason WHY",
    ),
    "product": Remedy("mend what is refused on either side; the product is then written again", "crossdock master products WAREHOUSE"),
    "twins": _TWINS,
    "stock": Remedy("mend what the OMS says; the next level is sent by itself", "crossdock stock list"),
    "movement": Remedy("mend what the OMS says, then release them", "crossdock incidents release INCIDENT"),
}  # fmt: skip


def of_exchange(operation: str, code: str) -> Remedy | None:
    """Return what mends a trouble of an operation beyond pushes; None for those that are known elsewhere."""
    if code == NO_HANDLER:
        return _UNABLE
    return _OF_CODE.get((operation, code), _OF_OPERATION.get(operation))
