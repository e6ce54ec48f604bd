"""What the command line says: of itself, and of what cannot be."""

import os

import pytest
import typer
from typer.testing import CliRunner

from explorer.cli import app
from explorer.models.library import Library
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld


def commands(command, words=()):
    """Every command with the words that call it."""
    yield words, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*words, name))


@pytest.mark.parametrize(
    ("words", "command"), [pytest.param(*c, id=" ".join(c[0])) for c in commands(typer.main.get_command(app))]
)
def test_every_command_and_argument_has_help(words, command):
    assert command.help
    assert not [param.name for param in command.params if not getattr(param, "help", None)]


def test_serve_is_named_as_the_default():
    assert "default" in CliRunner().invoke(app, ["serve", "--help"]).output
    assert '"serve"' in CliRunner().invoke(app, ["--help"]).output


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("EARTH_PORT", "ninety", "EARTH_PORT 'ninety': should be a valid integer"),
        ("EARTH_ALLOWED_HOSTS", "http://a.example", "'http://a.example' is no host name"),
        ("EARTH_DEVICE", "abacus", "EARTH_DEVICE 'abacus': should be 'auto', 'cpu' or 'cuda'"),
        ("EARTH_WAIT_SECONDS", "0", "EARTH_WAIT_SECONDS '0': should be greater than 0"),
    ],
)
def test_a_setting_that_cannot_be_read_is_one_line(run, monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    output = run("worlds", code=2)
    assert said in output and output.startswith("error: ") and output.count("\n") == 1


def test_an_option_is_named_as_it_was_typed(run):
    assert "--device 'abacus'" in run("paint", "x", "--bounds=0,0,1,1", "--device", "abacus", code=2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("worlds", "--worlds", "file"), "file: it exists already"),
        (("worlds", "--worlds", "file/below"), "file/below: a folder is needed there, and it is a file"),
        (("train", "autoencoder", "--data", "nowhere"), "there is no folder nowhere"),
        (("train", "denoiser", "--data", ".", "--autoencoder", "nowhere"), "there is no folder nowhere"),
        (("model", "pack", "out"), "there is no folder runs/autoencoder/model"),
        (("model", "blend", "one", "two", "out"), "there is no folder one"),
        (("evaluate", "--data", "nowhere"), "there is no folder nowhere"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_in_one_line(run, tmp_path, words, said):
    (tmp_path / "file").touch()
    output = run(*words, code=1)
    assert said in output and "Errno" not in output and output.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} <= {"file", "worlds", "models"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_others_is_named(run, tmp_path):
    (tmp_path / "theirs").mkdir(mode=0o500)
    assert "this user may not" in run("worlds", "--worlds", "theirs/worlds", code=1)


def test_seeds_are_kept_exactly_or_refused_with_the_limit(run):
    largest = 2**53 - 1
    assert run("worlds", "new", "Bay", "coast", "--seed", str(largest)).split()[-1] == "bay"
    assert str(largest) in run("worlds", "list")
    assert f"0 to {largest}" in run("worlds", "new", "Cape", "coast", "--seed", str(largest + 1), code=1)
    run("worlds", "new", "Cape", "coast", "--seed", "1.7", code=2)
    assert "Cape" not in run("worlds")


def test_worlds_of_another_process_are_one_line(run, tmp_path, bundle, caplog):
    """However many there are."""
    from explorer.cli.serve import say_readonly

    folder, library = tmp_path / "worlds", Library(str(bundle), "cpu")
    owner = Atlas(folder, library, 2**20)
    for name in ("One", "Two", "Three"):
        owner.create(NewWorld(name, "coast", 1)).access.require()
    reader = Atlas(folder, library, 2**20)
    caplog.clear()
    say_readonly(reader)
    reader.close()
    owner.close()
    (line,) = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert "3 worlds" in line and "one, three, two" in line


def test_what_of_a_prompt_is_not_read_is_said(run):
    output = run("worlds", "new", "Bay", " ".join(["rocky"] * 20))
    assert "not read by the model: " + " ".join(["rocky"] * 6) in " ".join(output.split())
    assert output.split()[-1] == "bay"
