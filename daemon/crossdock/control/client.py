"""The client of the control API, shared by the command line and the terminal dashboard.

It knows the records and the spec, nothing else of the daemon. What it returns may hold what strangers wrote: whoever
shows it cleans it first (spec.text.clean).
"""

from __future__ import annotations

from crossdock.control.audit_calls import AuditCalls
from crossdock.control.book_calls import BookCalls
from crossdock.control.cost_calls import CostCalls
from crossdock.control.daemon_calls import DaemonCalls
from crossdock.control.document_calls import DocumentCalls
from crossdock.control.incident_calls import IncidentCalls
from crossdock.control.label_calls import LabelCalls
from crossdock.control.live_calls import LiveCalls
from crossdock.control.master_calls import MasterCalls
from crossdock.control.operation_calls import OperationCalls
from crossdock.control.order_calls import OrderCalls
from crossdock.control.package_calls import PackageCalls
from crossdock.control.reconcile_calls import ReconcileCalls
from crossdock.control.remote import BadRemote, Remote
from crossdock.control.setup_calls import SetupCalls
from crossdock.control.simulation_calls import SimulationCalls
from crossdock.control.stock_calls import StockCalls
from crossdock.control.token_calls import TokenCalls
from crossdock.control.transport import Refusal, Unreachable
from crossdock.control.user_calls import UserCalls

__all__ = ["BadRemote", "Client", "Refusal", "Remote", "Unreachable"]


class Client(
    OrderCalls,
    BookCalls,
    DaemonCalls,
    StockCalls,
    AuditCalls,
    LabelCalls,
    DocumentCalls,
    MasterCalls,
    CostCalls,
    IncidentCalls,
    SimulationCalls,
    ReconcileCalls,
    SetupCalls,
    PackageCalls,
    OperationCalls,
    LiveCalls,
    TokenCalls,
    UserCalls,
):
    """Talks to one daemon: `async with Client(path_of_its_socket)`, or `Client(Remote(url=…, token=…))` over the network.

    Calls raise Unreachable, Refusal.
    """
