"""What the plugin offers: the connector type wms_default."""

from __future__ import annotations

from crossdock.spec.connector import Capabilities, ConnectorType
from crossdock.spec.costs import CostKind
from crossdock.spec.hooks import hookimpl
from crossdock.spec.orders import FetchMode
from crossdock_wms_default.connector import WmsConnector
from crossdock_wms_default.settings import Settings

WMS_DEFAULT = ConnectorType(
    name="wms_default",
    kind="wms",
    settings=Settings,
    factory=WmsConnector,
    capabilities=Capabilities(
        idempotency="key",
        max_batch=50,
        batch_atomic=True,
        fetch_modes=(FetchMode.CHANGED, FetchMode.SWEEP),
        ordered_pages=True,
        max_page=500,
        costs=(CostKind.PLANNED, CostKind.ACTUAL),
        tells_stage=True,
    ),
)


@hookimpl
def crossdock_connectors() -> list[ConnectorType]:
    """List the connector types."""
    return [WMS_DEFAULT]
