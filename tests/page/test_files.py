"""`whygrad page`: a folder written whole or not at all, and a server of nothing but the page."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from whygrad.cli import main
from whygrad.core.errors import UsageError
from whygrad.page import files, server


@pytest.fixture
def page(tmp_path: Path) -> Path:
    folder = tmp_path / "page"
    (folder / "v-1").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "v-1" / "engine.pack").write_bytes(b"x")
    (folder / "v-1" / "a.wasm").write_bytes(b"\0asm")
    return folder


def test_a_folder_is_written_whole(page: Path, tmp_path: Path) -> None:
    out = files.write(page, tmp_path / "site")
    assert {p.relative_to(out).as_posix() for p in out.rglob("*")} == {
        p.relative_to(page).as_posix() for p in page.rglob("*")
    }
    with pytest.raises(UsageError, match="holds a page already"):
        files.write(page, out)
    (page / "index.html").write_text("new")
    files.write(page, out, force=True)
    assert (out / "index.html").read_text() == "new"
    empty = tmp_path / "empty"
    empty.mkdir()
    files.write(page, empty)
    assert not [p for p in tmp_path.iterdir() if ".new-" in p.name]


def test_what_is_no_page_is_never_replaced(page: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").write_text("years of work")
    for force in (False, True):
        with pytest.raises(UsageError, match="other files"):
            files.write(page, other, force=force)
    assert (other / "thesis.tex").read_text() == "years of work"
    with pytest.raises(UsageError, match="is a file"):
        files.write(page, other / "thesis.tex", force=True)
    with pytest.raises(UsageError, match="no folder"):
        files.write(page, tmp_path / "nowhere" / "site")


def test_an_interrupted_copy_leaves_nothing(page: Path, tmp_path: Path, monkeypatch) -> None:
    def broken(*_: object, **__: object) -> None:
        (tmp_path / ".site.new-x").mkdir(exist_ok=True)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.shutil, "copytree", broken)
    with pytest.raises(UsageError, match="No space left"):
        files.write(page, tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_busy_port_is_said(page: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match="in use"):
            server.serve(lambda: page, taken.getsockname()[1])


def test_refusals_of_the_command_line(tmp_path: Path, capsys) -> None:
    assert main(["page", "--port", "70000"]) == 2
    assert main(["page", "--out", str(tmp_path / "no" / "where")]) == 2
    (tmp_path / "file").write_text("")
    assert main(["page", "--out", str(tmp_path / "file")]) == 2
    said = capsys.readouterr().err
    assert said.count("Fix:") == 3
    assert "Traceback" not in said


def test_where_there_is_no_page(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(files, "CHECKOUT", tmp_path)
    monkeypatch.setattr(files.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="not installed") as caught:
        files.folder()
    assert caught.value.fix == "pip install whygrad-page"


def test_the_server_gives_the_page_and_nothing_else(page: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    found: list[str] = []

    def until(running: server.Server) -> None:
        import threading

        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        address = found[0]
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address) as answer:
            assert answer.read() == b"<!doctype html>"
            assert answer.headers["Content-Type"].startswith("text/html")
            assert answer.headers["Cache-Control"] == "no-cache"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        with urllib.request.urlopen(address + "v-1/a.wasm") as answer:
            assert answer.headers["Content-Type"] == "application/wasm"
            assert "immutable" in answer.headers["Cache-Control"]
        for bad in ("../secret.txt", "%2e%2e/secret.txt", "v-1/", "..%5csecret.txt"):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(address + bad)
            assert caught.value.code == 404
            caught.value.close()
        running.shutdown()

    server.serve(lambda: page, 0, started=found.append, until=until)
