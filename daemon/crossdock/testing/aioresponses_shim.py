"""aioresponses on aiohttp 3.14, whose responses want to know the writer of their request; aioresponses 0.7 passes none.

For unit tests of connectors; aioresponses itself is no dependency of crossdock. A test fails as soon as this is not
needed any more.
"""

from __future__ import annotations

from typing import Any

from aiohttp import ClientResponse
from aioresponses import aioresponses


class SentRequest:
    """The writer of a request that was sent completely."""

    output_size = 0


class MockedResponse(ClientResponse):
    """A response that stands without the writer of its request."""

    def __init__(self, method: str, url: Any, **given: Any) -> None:
        super().__init__(method, url, **{"stream_writer": SentRequest(), **given})


class Responses(aioresponses):
    """aioresponses, used as it is: `with Responses() as mocked: mocked.get(url, payload={…})`."""

    def add(self, url: Any, *args: Any, **given: Any) -> None:
        """Answer requests to `url` (text, URL or pattern) as aioresponses.add says."""
        super().add(url, *args, **{"response_class": MockedResponse, **given})
