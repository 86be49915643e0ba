"""The TLS of a connection, whichever of its servers is spoken to."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from crossdock.spec.errors import ConfigError

if TYPE_CHECKING:
    from crossdock.config.model import Tls


def context(connection: str, tls: Tls) -> ssl.SSLContext:
    """Make the TLS context that the configuration asks for. Raises ConfigError for a file that cannot be read."""
    try:
        made = ssl.create_default_context(cafile=tls.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{connection}: tls.ca_file {tls.ca_file} cannot be read: {error}") from None
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made
