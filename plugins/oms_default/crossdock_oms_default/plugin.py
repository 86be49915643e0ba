"""What the plugin offers: the connector type oms_default."""

from __future__ import annotations

from crossdock.spec.connector import Capabilities, ConnectorType
from crossdock.spec.costs import CostKind
from crossdock.spec.hooks import hookimpl
from crossdock.spec.orders import FetchMode
from crossdock_oms_default.connector import OmsConnector
from crossdock_oms_default.settings import Settings

OMS_DEFAULT = ConnectorType(
    name="oms_default",
    kind="oms",
    settings=Settings,
    factory=OmsConnector,
    capabilities=Capabilities(
        fetch_modes=(FetchMode.CHANGED, FetchMode.SWEEP),
        ordered_pages=True,
        max_page=500,
        max_batch=50,
        costs=(CostKind.PLANNED, CostKind.ACTUAL),
        cost_actual="set_average",
    ),
)


@hookimpl
def crossdock_connectors() -> list[ConnectorType]:
    """List the connector types."""
    return [OMS_DEFAULT]
