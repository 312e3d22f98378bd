"""What README.md shows is what the commands print."""

import doctest
import re

import pytest

from readme import README, commands, printed, renewed

TEXT = README.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("command", "output"), commands(TEXT), ids=[command for command, _ in commands(TEXT)]
)
def test_a_command_prints_what_the_readme_says(command: str, output: str) -> None:
    assert printed(command) == output, "if the new output is right: tools/readme.py --write"


@pytest.mark.parametrize("block", re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
def test_python_in_the_readme_runs(block: str) -> None:
    test = doctest.DocTestParser().get_doctest(block, {}, "README.md", "README.md", 0)
    assert test.examples
    assert doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test).failed == 0


def test_outputs_are_found_and_renewed() -> None:
    text = "a\n```console\n$ ./whygrad x\nold\n\n$ ./whygrad y z\n```\nb\n```sh\n$ ./check\n```\n"
    assert commands(text) == [("./whygrad x", "old\n\n"), ("./whygrad y z", "")]
    assert renewed(text, lambda command: f"<{command}>\n") == (
        "a\n```console\n$ ./whygrad x\n<./whygrad x>\n"
        "$ ./whygrad y z\n<./whygrad y z>\n```\nb\n```sh\n$ ./check\n```\n"
    )
