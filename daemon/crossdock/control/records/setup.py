"""The setup of pushing to warehouses in one view."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

StepName = Literal["oms", "wms", "strategy", "warehouse", "use", "allocation", "auto_push"]


class SetUpWarehouse(Struct, frozen=True, kw_only=True):
    """A warehouse. `works`: orders reach it by themselves now; `odd` are sentences about what is not as it should be."""

    code: str
    connection: str
    strategies: tuple[str, ...]
    auto_push: bool
    enabled: bool
    works: bool
    odd: tuple[str, ...] = ()


class SetupStep(Struct, frozen=True, kw_only=True):
    """Something to be done once. Words in capitals in a command are to be filled in.

    `kind` says what it is, `about` names the connection (of "warehouse") or the warehouse that it is about.
    """

    text: str
    command: str
    done: bool
    kind: StepName
    about: str = ""


class Setup(Struct, frozen=True, kw_only=True):
    """Every warehouse, and the steps that lead to orders that go by themselves. `explained` says what each kind of strategy does.

    `odd` are sentences about strategies and allocation rules: stores and carriers that no OMS offers.
    """

    warehouses: tuple[SetUpWarehouse, ...]
    steps: tuple[SetupStep, ...]
    explained: dict[str, str]
    odd: tuple[str, ...] = ()
