"""A folder to write configurations into, and loading them."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.config.load import load
from crossdock.config.model import Config
from crossdock.config.problems import BadConfig, Problem

LEAST = 'state_dir = "/var/lib/crossdock"\n'


class Folder:
    """Writes crossdock.toml and conf.d/ and loads them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.main = path / "crossdock.toml"

    def write(self, text: str, name: str = "crossdock.toml") -> None:
        file = self.path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def load(self, text: str | None = None, **environ: str) -> Config:
        if text is not None:
            self.write(text)
        return load(self.main, environ)

    def problems(self, text: str | None = None, **environ: str) -> list[Problem]:
        with pytest.raises(BadConfig) as caught:
            self.load(text, **environ)
        assert str(caught.value).count("\n") == len(caught.value.problems) - 1
        return list(caught.value.problems)

    def only_problem(self, text: str | None = None, **environ: str) -> Problem:
        (problem,) = self.problems(text, **environ)
        return problem


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)
