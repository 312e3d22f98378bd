"""Make the pictures of docs/gallery again; they are to be looked at, not compared.

``gallery_pictures.py [NAME ...]``: all of them, or those whose file name contains a word given.
"""

import contextlib
import io
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image

import whygrad as wg
from whygrad.cli import main as command
from whygrad.teach.typst_page import pictures

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "gallery"
GREY = (136, 136, 136)
POINT = "w=2,b=1,x=0.5,y=1"


def whygrad(*words: str) -> None:
    """Run a command of the README."""
    with contextlib.redirect_stderr(io.StringIO()) as said:
        status = command(list(words))
    if status:
        raise SystemExit(said.getvalue())


def circuit(*words: str) -> Callable[[Path], None]:
    """A circuit as SVG."""
    return lambda path: whygrad("circuit", *words, "-o", str(path), "--force")


def paper(what: str, cost: str, columns: int, ppi: int, **options: Any) -> Callable[[Path], None]:
    """All pages of slides or of a handout on one sheet."""

    def make(path: Path) -> None:
        with TemporaryDirectory() as folder:
            wg.lesson(what, cost, f"{folder}/paper.pdf", **options)
            source = Path(folder, "paper.typ").read_text(encoding="utf-8")
        sheet([Image.open(io.BytesIO(png)) for png in pictures(source, ppi=ppi)], columns, path)

    return make


def film(cost: str, columns: int, count: int, **options: Any) -> Callable[[Path], None]:
    """Frames of a video, equally far apart."""

    def make(path: Path) -> None:
        import av

        with TemporaryDirectory() as folder:
            wg.lesson("video", cost, f"{folder}/film.mp4", height=360, fps=10, **options)
            with av.open(f"{folder}/film.mp4") as file:
                total = file.streams.video[0].frames
                wanted = {round((k + 0.6) * total / count) for k in range(count)}
                frames = [f.to_image() for k, f in enumerate(file.decode(video=0)) if k in wanted]
        sheet(frames, columns, path)

    return make


def sheet(pages: list[Any], columns: int, path: Path) -> None:
    """Pictures in rows, with few colours, as they are mostly paper."""
    width, height = max(p.width for p in pages), max(p.height for p in pages)
    rows = -(-len(pages) // columns)
    whole = Image.new("RGB", ((width + 4) * columns, (height + 4) * rows), GREY)
    for k, page in enumerate(pages):
        whole.paste(page, ((k % columns) * (width + 4), (k // columns) * (height + 4)))
    whole.quantize(144).save(path, optimize=True)


PICTURES: dict[str, Callable[[Path], None]] = {
    "logistic-circuit.svg": circuit("logistic", "--at", POINT, "--steps"),
    "logistic-circuit-sigmoid.svg": circuit("logistic", "--at", POINT, "--parts", "sigmoid"),
    "logistic-circuit-all.svg": circuit("logistic", "--at", POINT, "--parts", "all"),
    "network-circuit.svg": circuit("network-sigmoid"),
    "transformer-block-circuit.svg": circuit("transformer-block"),
    "logistic-slides.png": paper("slides", "logistic", 4, 33),
    "softmax-slides.png": paper("slides", "softmax", 4, 33),
    "transformer-block-slides.png": paper("slides", "transformer-block", 8, 24),
    "logistic-l2-own-symbols-slides.png": paper(
        "slides", "logistic-l2", 4, 33, notation="theta,h,superscript"
    ),
    "logistic-handout.png": paper("handout", "logistic", 2, 80),
    "network-sigmoid-handout.png": paper("handout", "network-sigmoid", 2, 80),
    "logistic-video.png": film("logistic", 4, 20, wrt="w"),
}


def main() -> int:
    """Make the pictures asked for."""
    for name, make in PICTURES.items():
        if not sys.argv[1:] or any(word in name for word in sys.argv[1:]):
            print(name, flush=True)
            make(FOLDER / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
