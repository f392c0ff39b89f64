"""Numbers and choices are refused in plain words, and the near choice is suggested."""

import click
import pytest
from click.testing import CliRunner

from poetgen.cli import COMMANDS, poetgen
from poetgen.cli.values import Choice, Number, WholeNumber, in_plain_words


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("generate 月 -n two", "'two' is not a whole number"),
        ("generate 月 -n 1.5", "'1.5' is not a whole number"),
        ("generate 月 -n 0", "give 1 or more, not 0"),
        ("generate 月 --best-of 99999", "give 1 to 10000, not 99999"),
        ("generate 月 --top-p most", "'most' is not a number"),
        ("generate 月 --tones relax", "'relax' is not a choice; did you mean relaxed? There are: strict, "),
        ("train --optimizer adma", "'adma' is not a choice; did you mean adamax, adam? There are: sgd, "),
        ("train --device gpu", "'gpu' is not a choice; there are: auto, cpu, cuda"),
        ("train --device", "requires an argument"),
        ("classify train --by poem", "'poem' is not a choice; did you mean poet? There are: poet, form"),
    ],
)
def test_a_value_that_cannot_be_is_told_with_what_can(line, told):
    result = CliRunner().invoke(poetgen, line.split())
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_long_value_is_cut():
    stderr = CliRunner().invoke(poetgen, ["train", "--device", "x" * 1000]).stderr
    assert "x" * 60 in stderr and "x" * 61 not in stderr


def test_no_bound_is_told_where_there_is_none():
    option = click.Option(["--most"], type=in_plain_words(click.IntRange(max=3)))
    with pytest.raises(click.BadParameter, match="give at most 3, not 4"):
        option.type.convert("4", option, None)
    assert option.type.convert("-4", option, None) == -4


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_every_command_refuses_so(name):
    command = poetgen.get_command(click.Context(poetgen), name)
    assert command is not None
    commands = command.commands.values() if isinstance(command, click.Group) else [command]
    for param in (param for one in commands for param in one.params):
        if isinstance(param.type, (click.types.IntParamType, click.types.FloatParamType, click.Choice)):
            assert isinstance(param.type, (WholeNumber, Number, Choice))


@pytest.mark.parametrize("name", COMMANDS)
def test_no_help_shows_a_bound_that_is_none(name):
    for words in [name], [name, "train"], [name, "predict"], [name, "evaluate"]:
        assert "None]" not in CliRunner().invoke(poetgen, [*words, "--help"]).stdout
