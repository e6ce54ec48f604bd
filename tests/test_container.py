"""The container's files. Building it takes Docker, or scripts/container."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LAST = TEXT.rpartition("\nFROM ")[2]  # the stage that is the image


def test_hadolint_finds_nothing_wrong():
    command = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("hadolint is installed on Linux alone")
    found = subprocess.run([command, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


def test_all_that_is_copied_is_sent_to_docker_and_little_else():
    sent = set(re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = {
        name for line in re.findall(r"^COPY (?!--)(.*) \S+$", TEXT, re.MULTILINE) for name in line.split()
    }
    assert copied == sent and all((ROOT / name).exists() for name in sent)


def test_the_image_runs_as_a_user_without_rights_who_owns_no_code():
    assert re.search(r"^USER [1-9]\d+$", LAST, re.MULTILINE)
    assert "chown" not in LAST and re.findall(r"install -d -o earth (.*)", LAST) == ["/worlds"]
    assert "VOLUME /worlds" in LAST and "HEALTHCHECK" in LAST and "COPY --from=build" in LAST


def test_both_variants_take_the_tested_torch():
    assert {"base-cpu", "base-cuda"} <= set(re.findall(r" AS (\S+)", TEXT))
    assert "-r /src/torch.txt" in TEXT and not re.search(r"torch(vision)?==\d", TEXT)


def test_compose_lets_the_app_write_to_its_worlds_and_tmp_alone():
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    for line in ("read_only: true", "tmpfs: [/tmp]", "cap_drop: [ALL]", 'volumes: ["worlds:/worlds"]'):
        assert line in text
    assert '"127.0.0.1:7860:7860"' in text
