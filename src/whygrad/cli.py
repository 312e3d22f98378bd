"""The command line: reads arguments, calls the verbs of :mod:`whygrad.api`, prints what ``show`` makes.

A verb is a row of ``VERBS``: its help, its arguments, what it runs. Exit statuses: 0 done, 1 what ``fit``
says about its end, 2 refused (the user can mend it), 3 an error of ours, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, NoReturn

import whygrad
from whygrad.core.errors import UsageError, WhygradError

if TYPE_CHECKING:  # a mistake in the arguments need not wait for it
    from whygrad.core.document import Document

FORMATS = ("text", "latex", "markdown", "html", "json")
PICTURES = ("svg", "png", "pdf")
PIPED_WIDTH = 80
LARGEST_INPUT_BYTES = 1 << 16


class Parser(argparse.ArgumentParser):
    """argparse, with its complaints as whygrad's own errors."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print."""
        raise UsageError("error/usage", message, fix=f"{self.prog} --help lists what can be written")


@dataclass(frozen=True)
class Verb:
    """One verb of the command line."""

    name: str
    help: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


# --- what the verbs do ------------------------------------------------------------------------


def run_derive(options: argparse.Namespace) -> int:
    """Derive a gradient and print the derivation."""
    constants, at = pairs(options.set, "--set"), pairs(options.at, "--at") or None
    text = given(options.cost)
    cost = whygrad.load_cost(text, constants=constants, note=note)
    derivation = whygrad.derive(
        cost, options.wrt, route=options.route, order=options.order, at=at, notation=options.notation
    )
    folded = options.format in ("markdown", "html")
    show(whygrad.document(derivation, options.level, folded=folded), options)
    return 0


def run_why(options: argparse.Namespace) -> int:
    """Open a step, an expression or a page."""
    subject = given(options.subject)
    show(whygrad.why(subject, options.step), options)
    return 0


def run_pairs(options: argparse.Namespace) -> int:
    """Say whether activation and loss are a pair."""
    constants = pairs(options.set, "--set")
    cost = whygrad.load_cost(given(options.cost), constants=constants, note=note)
    show(whygrad.document(whygrad.pairs(cost), options.level), options)
    return 0


def run_compare(options: argparse.Namespace) -> int:
    """Lay two costs side by side."""
    first, second = (whygrad.load_cost(given(text), note=note) for text in (options.first, options.second))
    show(whygrad.document(whygrad.compare(first, second)), options)
    return 0


def run_check(options: argparse.Namespace) -> int:
    """Judge a person's own derivation, or a folder of them; or write an empty one."""
    if options.template is not None:
        return run_template(options)
    if options.file is None:
        raise UsageError("error/usage", "no FILE is given", fix="a file, - for standard input, or a folder")
    if os.path.isdir(options.file):
        return run_marks(options)
    from whygrad.syntax.people.picture import is_picture, refuse_picture  # noqa: PLC0415  only here

    if not options.ocr and is_picture(options.file):
        refuse_picture(options.file)
    if options.ocr and options.records:
        raise UsageError("error/usage", "--records and --ocr exclude each other", fix="leave one away")
    text = options.file if options.ocr else given_file(options.file)
    if options.records:
        for answer in whygrad.check_records(text):
            sys.stdout.write(answer + "\n")
        return 0
    report = whygrad.check(
        text,
        context=options.context,
        assumptions=options.assume,
        cost=options.cost,
        wrt=options.wrt or "",
        hint=options.hint,
        ocr=options.ocr or "",
    )
    show(whygrad.document(report), options)
    return report.status


def run_template(options: argparse.Namespace) -> int:
    """Write the empty derivation of a cost."""
    refuse_existing(options.out, options.force)
    text = whygrad.exercise(given(options.template), options.wrt) + "\n"
    if options.out is None:
        sys.stdout.write(text)
    else:
        write_file(options.out, text.encode())
        note(f"wrote {options.out}")
    return 0


def run_marks(options: argparse.Namespace) -> int:
    """Mark a folder of filled-in exercises: the table to -o or first on standard output, the report."""
    refuse_existing(options.out, options.force)
    paths = sorted(e.path for e in os.scandir(options.file) if e.is_file() and not e.name.startswith("."))
    marked = whygrad.mark(
        {os.path.basename(path): given_file(path) for path in paths},
        options.cost,
        title=f"Class report: {os.path.basename(os.path.abspath(options.file))}",
    )
    if options.out is None:
        sys.stdout.write(marked.csv + "\n")
    else:
        write_file(options.out, marked.csv.encode())
        note(f"wrote {options.out}")
    show(marked.report, options)
    return 0


def run_gallery(options: argparse.Namespace) -> int:
    """List the named costs, or print one."""
    show(whygrad.gallery(options.name), options)
    return 0


def run_page(options: argparse.Namespace) -> int:
    """Serve the web page until interrupted, or write its files."""
    from pathlib import Path  # noqa: PLC0415  only here, as is the server

    from whygrad.page import files, server  # noqa: PLC0415

    if options.port is not None and not 0 <= options.port < 1 << 16:
        raise UsageError("error/usage", f"{options.port} is no port", fix="a number from 0 to 65535")
    if options.out is not None:
        out = Path(options.out)
        files.refuse(out, options.force)
        files.write(files.folder(), out, force=options.force)
        note(f"wrote {options.out}: any host of static files serves it; whygrad page serves it here")
        return 0

    def started(address: str) -> None:
        print(address, flush=True)
        note("the page is served on this machine only; Ctrl-C ends it")
        if options.browser and sys.stdout.isatty():
            import webbrowser  # noqa: PLC0415

            webbrowser.open(address)

    server.serve(files.folder, options.port, started=started)
    return 0


FIT_OPTIONS = (
    *("target", "method", "rate", "steps", "standardise", "positive", "missing", "categories", "seed"),
    *("batch", "init"),
    *("separator", "decimal", "encoding", "header"),
)


def run_fit(options: argparse.Namespace) -> int:
    """Train on data, write the files asked for, and print what came out."""
    constants, bind = pairs(options.set, "--set"), pairs(options.bind, "--bind")
    text = given(options.cost)
    for path in (options.save, options.history, options.plot, options.record):
        refuse_existing(path, options.force)
    cost = whygrad.load_cost(text, constants=constants, note=note)
    chosen = {name: getattr(options, name) for name in FIT_OPTIONS}
    with Progress() as progress:
        result = whygrad.fit(cost, options.data, bind=bind or None, progress=progress, **chosen)
    for path, write in (
        (options.save, result.save),
        (options.history, result.save_history),
        (options.plot, result.save_plot),
        (options.record, result.save_record),
    ):
        if path is not None:
            write(path, force=options.force)
            note(f"wrote {path}")
    show(whygrad.document(result), options)
    return result.exit_status


def run_compile(options: argparse.Namespace) -> int:
    """Write a cost's value and gradient as code."""
    constants = pairs(options.set, "--set")
    text = given(options.cost)
    header = os.path.splitext(options.out)[0] + ".h" if options.out and options.to == "c" else None
    for path in (options.out, header):
        refuse_existing(path, options.force)
    cost = whygrad.load_cost(text, constants=constants, note=note)
    made = whygrad.compile(cost, options.to, name=options.name)
    if options.out is None:
        sys.stdout.write(made.source)
        return 0
    for path, content in ((options.out, made.source), (header, made.header)):
        if path is not None:
            write_file(path, content.encode())
            note(f"wrote {path}")
    return 0


def run_audit(options: argparse.Namespace) -> int:
    """Hold hand-written code against the derivation."""
    cost = whygrad.load_cost(given(options.cost), constants=pairs(options.set, "--set"), note=note)
    found = whygrad.audit(options.where, cost)
    show(whygrad.document(found), options)
    return found.status


def run_predict(options: argparse.Namespace) -> int:
    """Apply a saved model to data and print the predictions."""
    chosen = {name: getattr(options, name) for name in ("separator", "decimal", "encoding", "header")}
    refuse_existing(options.out, options.force)
    result = whygrad.predict(options.model, options.data, **chosen)
    if options.out is not None:
        write_file(options.out, result.csv.encode())
        note(f"wrote {options.out}")
        return 0
    show(whygrad.document(result), options)
    return 0


def run_circuit(options: argparse.Namespace) -> int:
    """Draw the backprop circuit."""
    constants, at = pairs(options.set, "--set"), pairs(options.at, "--at") or None
    kind = options.format or os.path.splitext(options.out or "")[1].lstrip(".") or "svg"
    if kind not in PICTURES:
        raise UsageError("error/usage", f"there is no picture format {kind!r}", fix="svg, png or pdf")
    if options.out is None and kind != "svg" and sys.stdout.isatty():
        raise UsageError("error/usage", f"{kind.upper()} is not text", fix=f"name a file: -o circuit.{kind}")
    if options.out is not None:
        refuse_existing(options.out, options.force)
    cost = whygrad.load_cost(given(options.cost), constants=constants, note=note)
    drawn = whygrad.circuit(cost, parts=options.parts, at=at, notation=options.notation)
    made = whygrad.draw(drawn, kind, steps=options.steps)
    if options.out is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(made)
        return 0
    write_file(options.out, made)
    note(f"wrote {options.out}")
    return 0


TEACH_OPTIONS = (
    *("seed", "level", "count", "wheel"),
    *("wrt", "route", "notation", "lines", "draft", "height", "fps", "codec"),
)


def run_teach(options: argparse.Namespace) -> int:
    """Make a lesson, or a part of it."""
    constants, at = pairs(options.set, "--set"), pairs(options.at, "--at") or None
    cost = whygrad.load_cost(given(options.cost), constants=constants, note=note)
    chosen = {name: getattr(options, name) for name in TEACH_OPTIONS}
    with Progress() as progress:
        chosen |= {"progress": progress.frames, "note": note}
        made = whygrad.lesson(options.what, cost, options.out, at=at, force=options.force, **chosen)
    for path in made:
        note(f"wrote {path}")
    return 0


# --- their arguments --------------------------------------------------------------------------


def derive_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``derive``."""
    cost_arguments(parser)
    parser.add_argument("--wrt", metavar="NAME", help="the parameter; all of them when not given")
    parser.add_argument(
        "--route",
        choices=("chain", "substitution", "backprop"),
        default="chain",
        help="local derivatives multiplied; everything written out; from the cost backwards",
    )
    parser.add_argument("--level", choices=("brief", "normal", "full"), default="normal")
    parser.add_argument("--order", type=int, choices=(1, 2), default=1, help="2 adds the Hessian")
    parser.add_argument(
        "--at",
        metavar="w=2,b=1",
        action="append",
        default=[],
        help="also evaluate each local derivative there",
    )
    notation_argument(parser)
    format_argument(parser)


def pairs_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``pairs``."""
    cost_arguments(parser)
    parser.add_argument("--level", choices=("brief", "normal", "full"), default="normal")
    format_argument(parser)


def compare_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``compare``."""
    for name in ("first", "second"):
        parser.add_argument(
            name, metavar=name.upper(), help="a cost: a name of the gallery, a file, or the text"
        )
    format_argument(parser)


def why_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``why``."""
    parser.add_argument(
        "subject", metavar="SUBJECT", help="a cost, an expression such as 'd/dz (1 + e^(-z))', or an id"
    )
    parser.add_argument("step", metavar="STEP", nargs="?", help="a step of the cost's derivation: chain.4")
    format_argument(parser)


def check_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``check``."""
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        help=".tex, .md, .txt or .ipynb, - for standard input, or a folder of filled-in templates to mark",
    )
    parser.add_argument("--template", metavar="COST", help="write the empty derivation of a cost to fill in")
    parser.add_argument("-o", "--out", metavar="FILE", help="of --template, or the table of marks (CSV)")
    parser.add_argument("--force", action="store_true", help="replace what is there")
    parser.add_argument(
        "--ocr",
        metavar="PROGRAM",
        help="FILE is a picture; read it with a program of yours: 'program {file}'",
    )
    parser.add_argument("--cost", help="a cost whose definitions are meant: a gallery name, a file, the text")
    parser.add_argument(
        "--context",
        metavar="FORMULA",
        action="append",
        default=[],
        help="a definition, or a declaration: 'data X: (m, n)'",
    )
    parser.add_argument("--assume", metavar="WORDS", action="append", default=[], help="'y in {0,1}'")
    parser.add_argument("--wrt", metavar="NAME", help="what is differentiated by")
    parser.add_argument("--hint", action="store_true", help="the place and a question, not the answer")
    parser.add_argument(
        "--records", action="store_true", help="one problem a line, one answer a line, in JSON"
    )
    format_argument(parser)


def gallery_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``gallery``."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="show this cost")
    format_argument(parser)


def circuit_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``circuit``."""
    cost_arguments(parser)
    at_argument(parser, "also show values and gradients there")
    notation_argument(parser)
    parser.add_argument("--steps", action="store_true", help="number the steps of both passes and list them")
    parser.add_argument(
        "--parts",
        nargs="?",
        const="all",
        default="none",
        choices=("none", "sigmoid", "all"),
        help="take gates apart: only σ, or all into single operations",
    )
    parser.add_argument("--format", choices=PICTURES, help="without it, the ending of FILE, else svg")
    parser.add_argument("-o", "--out", metavar="FILE", help="without it, standard output")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")


def teach_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``teach``."""
    parser.add_argument("what", metavar="WHAT", help="slides, handout, video, notebook, exercises, or all")
    cost_arguments(parser)
    at_argument(parser, "the numbers of the circuit")
    parser.add_argument("-o", "--out", metavar="OUT", help="a file or a folder")
    parser.add_argument("--force", action="store_true", help="overwrite existing files")
    parser.add_argument("--seed", type=int, default=0, help="of the exercises: another seed, another sheet")
    parser.add_argument(
        "--level", choices=("easy", "normal", "hard"), default="normal", help="of the exercises"
    )
    parser.add_argument("--count", type=int, default=6, help="how many exercises")
    parser.add_argument(
        "--wheel", metavar="FILE", default="", help="the notebook installs whygrad from this file or address"
    )
    parser.add_argument(
        "--wrt", metavar="NAME", default="", help="slides, handout, video: one parameter only"
    )
    parser.add_argument("--route", choices=("chain", "substitution", "backprop"), default="chain")
    notation_argument(parser)
    parser.add_argument("--lines", choices=("brief", "normal", "full"), default="normal", help="in a stage")
    parser.add_argument("--draft", action="store_true", help="write even what does not fit a page")
    parser.add_argument("--height", type=int, default=720, help="of the video, in pixels")
    parser.add_argument("--fps", type=int, default=30, help="frames a second of the video")
    parser.add_argument(
        "--codec", choices=("vp9", "av1", "h264"), default="vp9", help="of the video, always in MP4"
    )


def notation_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument ``--notation``."""
    parser.add_argument(
        "--notation", metavar="theta,h,superscript", default="", help="your own symbols; w=theta renames one"
    )


def at_argument(parser: argparse.ArgumentParser, help: str) -> None:
    """Add the argument ``--at``."""
    parser.add_argument("--at", metavar="w=2,b=1", action="append", default=[], help=help)


def fit_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``fit``."""
    cost_arguments(parser)
    parser.add_argument(
        "--data",
        metavar="FILE",
        required=True,
        help="a CSV file with a header, or Parquet, Arrow, npy",
    )
    parser.add_argument("--target", metavar="COLUMN", help="the target; without it, the last column")
    parser.add_argument(
        "--bind",
        metavar="x=age,bmi",
        action="append",
        default=[],
        help="the columns that a name of the cost stands for",
    )
    parser.add_argument(
        "--method",
        choices=("auto", "gd", "momentum", "adam", "lbfgs", "newton"),
        default="auto",
        help="gd: gradient descent as it is taught; auto: whatever finds the minimum soonest",
    )
    parser.add_argument(
        "--rate", metavar="NUMBER", help="the learning rate of gd; without it, one that converges"
    )
    parser.add_argument("--steps", type=int, help="how many updates")
    parser.add_argument("--standardise", action="store_true", help="scale each column of x to mean 0, sd 1")
    parser.add_argument("--positive", metavar="VALUE", help="the label that counts as 1")
    parser.add_argument(
        "--missing", choices=("drop", "mean"), help="rows with missing values; without it they are refused"
    )
    parser.add_argument(
        "--categories", choices=("drop-first", "all"), help="columns of text; without it they are refused"
    )
    parser.add_argument("--save", metavar="MODEL.json", help="keep the model")
    parser.add_argument("--force", action="store_true", help="overwrite existing files")
    parser.add_argument("--history", metavar="FILE", help="write the cost after each update as CSV")
    parser.add_argument("--plot", metavar="FILE", help="draw the cost history")
    parser.add_argument("--record", metavar="FILE", help="write history, passes, bytes and times as JSON")
    parser.add_argument("--batch", metavar="ROWS", type=int, help="rows at a time for gd, momentum, adam")
    parser.add_argument("--init", metavar="MODEL.json", help="go on from the parameters of a saved model")
    parser.add_argument("--seed", type=int, default=0)
    file_arguments(parser)
    format_argument(parser)


def compile_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``compile``."""
    cost_arguments(parser)
    parser.add_argument(
        "--to",
        choices=("numpy", "native", "c", "javascript", "torch", "jax", "xgboost", "lightgbm"),
        default="numpy",
        help="native: LLVM's language",
    )
    parser.add_argument("--name", metavar="NAME", default="", help="of the function; without it the cost's")
    parser.add_argument(
        "-o", "--out", metavar="FILE", help="without it, standard output; for C the header is put beside it"
    )
    parser.add_argument("--force", action="store_true", help="overwrite existing files")


def audit_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``audit``."""
    parser.add_argument(
        "where", metavar="FILE.py:FUNCTION", help="what to audit; the file is imported, which runs it"
    )
    parser.add_argument("--cost", required=True, help="a cost: a name of the gallery, a file, or the text")
    parser.add_argument(
        "--set", metavar="lambda=0.1", action="append", default=[], help="a value for a constant"
    )
    format_argument(parser)


def predict_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``predict``."""
    parser.add_argument("model", metavar="MODEL.json", help="what fit --save wrote")
    parser.add_argument("--data", metavar="FILE", required=True, help="a CSV file with the same columns")
    parser.add_argument("-o", "--out", metavar="FILE", help="write the predictions there as CSV")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")
    file_arguments(parser)
    parser.set_defaults(header=None)  # as the model was fitted
    format_argument(parser)


def page_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``page``."""
    parser.add_argument("-o", "--out", metavar="DIR", help="write the files there, for any host, and end")
    parser.add_argument("--force", action="store_true", help="replace a page that stands in DIR")
    parser.add_argument("--port", type=int, metavar="N", help="0: any free one; without it 8765 or the next")
    parser.add_argument("--no-browser", dest="browser", action="store_false", help="only say the address")


def cost_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments that name a cost and its constants."""
    parser.add_argument(
        "cost", metavar="COST", help="a name of the gallery, a file, the text itself, or - for standard input"
    )
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], help="the value of a constant"
    )


def file_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments that say how a table is written; each is found out when not given."""
    parser.add_argument("--separator", metavar="CHARACTER")
    parser.add_argument("--decimal", choices=(".", ","))
    parser.add_argument("--encoding", metavar="NAME")
    parser.add_argument("--no-header", dest="header", action="store_false", help="the first line is data")


def format_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument ``--format``."""
    parser.add_argument("--format", choices=FORMATS, default="text")


VERBS = (
    Verb("derive", "derive the gradient of a cost, each step proved", derive_arguments, run_derive),
    Verb("why", "open a step, differentiate an expression, explain an id", why_arguments, run_why),
    Verb("check", "judge a person's own derivation, name the first mistake", check_arguments, run_check),
    Verb("compare", "lay two costs side by side, down to what they share", compare_arguments, run_compare),
    Verb("pairs", "is the slope of the loss f − y, and why", pairs_arguments, run_pairs),
    Verb("circuit", "draw the backprop circuit", circuit_arguments, run_circuit),
    Verb(
        "teach",
        "make a notebook, slides, a handout, exercises, a video, or all of a lesson",
        teach_arguments,
        run_teach,
    ),
    Verb("compile", "write a cost's value and gradient as code", compile_arguments, run_compile),
    Verb("fit", "train a cost's parameters on data", fit_arguments, run_fit),
    Verb("audit", "hold hand-written gradient code against the derivation", audit_arguments, run_audit),
    Verb("predict", "apply a trained model to data", predict_arguments, run_predict),
    Verb("gallery", "list the named costs, or show one", gallery_arguments, run_gallery),
    Verb("page", "serve the web page on this machine, or write its files", page_arguments, run_page),
)


# --- reading arguments ------------------------------------------------------------------------


def parser(chosen: str | None) -> Parser:
    """Build the parser; only the verb that was chosen gets its arguments, the others need a line of help."""
    top = Parser(
        prog="whygrad",
        description="Derives the gradient of a machine-learning cost in named steps, each one proved.",
        epilog="whygrad VERB --help says what a verb takes.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"whygrad {whygrad.__version__}")
    verbs = top.add_subparsers(metavar="VERB", required=True, prog=top.prog)
    for verb in VERBS:
        sub = verbs.add_parser(verb.name, help=verb.help, description=verb.help, allow_abbrev=False)
        if verb.name == chosen:
            verb.arguments(sub)
            sub.set_defaults(run=verb.run)
    return top


LISTS = {"--set": re.compile(r"[^\W\d]\w*=[^=\s]+"), "--bind": re.compile(r"[^\W\d]\w*=[^=]+")}
"""Options that take several values (``--bind x=age,bmi y=outcome``), and what a further value looks like."""


def spread(arguments: Sequence[str]) -> Iterator[str]:
    """Write ``--bind a=1 b=2`` as ``--bind a=1 --bind b=2``, so that a COST after it is not swallowed."""
    option = ""
    for place, word in enumerate(arguments):
        if word in LISTS:
            option = word
        elif option and arguments[place - 1] != option:
            if LISTS[option].fullmatch(word):
                yield option
            else:
                option = ""
        yield word


def pairs(words: Sequence[str], option: str) -> Mapping[str, str]:
    """Read ``a=1,b=2``; for ``--bind``, commas belong to the value."""
    found: dict[str, str] = {}
    for word in words:
        for piece in [word] if option == "--bind" else outer_commas(word):
            name, equals, value = (part.strip() for part in piece.partition("="))
            if not (name and equals and value):
                raise UsageError(
                    "error/usage",
                    f"{option} takes NAME=VALUE, and {piece!r} is not that",
                    fix=f"for instance {option} {EXAMPLES[option]}",
                )
            if name in found:
                raise UsageError(
                    "error/usage", f"{option} gives {name} twice", fix=f"leave one of the two {name}=… out"
                )
            found[name] = value
    return found


def outer_commas(text: str) -> list[str]:
    """Split at the commas that stand outside all brackets."""
    pieces, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces


EXAMPLES = {"--set": "lambda=0.1", "--at": "w=2,b=1,x=0.5,y=1", "--bind": "x=age,bmi y=outcome"}


def given(text: str) -> str:
    """Return the argument, or for ``-`` what stands on standard input."""
    if text != "-":
        return text
    raw = sys.stdin.buffer.read(LARGEST_INPUT_BYTES + 1)
    if len(raw) > LARGEST_INPUT_BYTES:
        raise UsageError(
            "error/too-large",
            "standard input holds more than 64 kB",
            fix="give the cost alone, without its data",
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            "error/usage",
            f"standard input is not UTF-8 (byte {error.start})",
            fix="save the text as UTF-8",
        ) from None


def given_file(path: str) -> str:
    """Return what a file holds, or for ``-`` what stands on standard input."""
    if path == "-":
        return given(path)
    limit = LARGEST_RECORDS_BYTES if path.endswith(".jsonl") else LARGEST_INPUT_BYTES
    try:
        with open(path, "rb") as file:
            raw = file.read(limit + 1)
    except OSError as error:
        raise UsageError(
            "error/no-file", f"{path} cannot be read: {error.strerror}", fix="check the path"
        ) from None
    if len(raw) > limit and not path.endswith(".ipynb"):
        raise UsageError("error/too-large", f"{path} is too large", fix="give one derivation")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            "error/no-file", f"{path} is not UTF-8 (byte {error.start})", fix="save the text as UTF-8"
        ) from None


LARGEST_RECORDS_BYTES = 64 * 1024 * 1024
"""A file of records may hold many problems."""


# --- printing ---------------------------------------------------------------------------------


def show(document: Document, options: argparse.Namespace) -> None:
    """Print a document in the format asked for."""
    text = whygrad.render(document, options.format, width=width(), color=colored())
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def note(text: str) -> None:
    """Say something beside the result, where a pipe does not take it."""
    print(text, file=sys.stderr)


def refuse_existing(path: str | None, force: bool) -> None:
    """Refuse before any work is done what could not be written after it."""
    if path is not None and os.path.exists(path) and not force:
        raise UsageError("error/exists", f"{path} exists", fix="another name, or --force to replace it")


def write_file(path: str, content: bytes) -> None:
    """Write what was made."""
    try:
        with open(path, "wb") as file:
            file.write(content)
    except OSError as error:
        raise UsageError(
            "error/no-file", f"{path} cannot be written: {error.strerror}", fix="a file in a folder of yours"
        ) from None


class Progress:
    """A line on the terminal that says how far long work is; nothing where there is no terminal."""

    INTERVAL_S = 0.1

    def __init__(self) -> None:
        self.shown_at = time.monotonic()
        self.written = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.written:
            sys.stderr.write("\r\033[K")

    def __call__(self, update: int, cost: float, gradient: float) -> None:
        """Show the newest update, now and then."""
        self._show(f"update {update}: cost {cost:.10g}, gradient {gradient:.3g}")

    def frames(self, done: int, total: int) -> None:
        """Show how many frames of a video are done, now and then."""
        self._show(f"frame {done} of {total} ({done / total:.0%})")

    def _show(self, text: str) -> None:
        now = time.monotonic()
        if now - self.shown_at > self.INTERVAL_S and sys.stderr.isatty():
            sys.stderr.write(f"\r\033[K{text}")
            sys.stderr.flush()
            self.shown_at, self.written = now, True


def width() -> int:
    """Return the terminal's width, or 80 where there is none."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or PIPED_WIDTH
    except (OSError, ValueError):
        return PIPED_WIDTH


def colored() -> bool:
    """Tell whether colours are wanted: on a terminal, unless NO_COLOR is set (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def use_utf8(*streams: IO[str]) -> None:
    """Write UTF-8 whatever the locale says; an undecodable argument is echoed, not a crash."""
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status.

    Parameters
    ----------
    arguments
        The words after the program's name.

    Returns
    -------
    int
        0 done; 1 a fit that ended otherwise; 2 refused; 3 an error of ours; 130 interrupted; 141 reader gone.
    """
    use_utf8(sys.stdout, sys.stderr)
    try:
        status = dispatch(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered has nowhere to go; without this, Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return 130
    except SystemExit as end:  # argparse, after --help and --version
        return end.code if isinstance(end.code, int) else 0
    except WhygradError as error:
        note(str(error))
        return 2
    except Exception as error:  # the last line of defence: users see no traceback
        if os.environ.get("WHYGRAD_DEBUG"):
            raise
        note(
            f"internal error: {type(error).__name__}: {error} (please report it; WHYGRAD_DEBUG=1 shows where)"
        )
        return 3
    return status


def dispatch(arguments: Sequence[str]) -> int:
    """Find the verb and run it."""
    if not arguments:
        parser(None).print_help()
        return 0
    verb = next((word for word in arguments if not word.startswith("-")), None)
    names = [row.name for row in VERBS]
    if verb is not None and verb not in names:
        raise unknown_verb(verb, names)
    options = parser(verb).parse_args(list(spread(arguments)))
    return options.run(options)


def unknown_verb(verb: str, names: Sequence[str]) -> UsageError:
    """Make the error for a verb that is not there, with the nearest one."""
    from difflib import get_close_matches  # noqa: PLC0415 - 5 ms that only this mistake pays

    near = get_close_matches(verb, names, 1)
    fix = (
        f"whygrad {near[0]}" if near else f"one of {', '.join(names)}; to derive a cost: whygrad derive COST"
    )
    return UsageError("error/usage", f"there is no verb {verb!r}", fix=fix)
