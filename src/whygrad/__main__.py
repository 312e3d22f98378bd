"""``python -m whygrad``: the command line."""

import sys


def main() -> int:
    """Run the command line; an interrupt ends it quietly, even while it is still being loaded."""
    try:
        from whygrad.cli import main as run  # noqa: PLC0415 - inside the try, so that Ctrl-C is quiet

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
