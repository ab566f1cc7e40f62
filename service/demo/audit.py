"""The auditor's turn at the end of the demo: the history as files, verified by a program that is none of ours."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from service.demo.proof import Claim
from service.demo.stage import Stage, command

VERIFIER: Final = Path(str(files("service.audit") / "verify.py"))


class Audited(Struct, frozen=True):
    """What the verifier said, a line each, and whether it found all in order."""

    said: list[str]
    holds: bool


def audit(stage: Stage) -> Audited:
    """Export the history as an operator does, and let it be verified where this program can't be imported."""
    exported, workspace = stage.data_dir / "export", ["--workspace", stage.workspace]
    command(stage.data_dir, "audit", "export", *workspace, "--output", str(exported))
    key = command(stage.data_dir, "audit", "public-key", *workspace)
    verified = subprocess.run(
        # -I and -S: neither the directory, nor the environment, nor any installed package is looked at.
        [sys.executable, "-I", "-S", str(VERIFIER), str(exported), "--key", key],
        cwd=exported,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    return Audited((verified.stdout + verified.stderr).splitlines(), verified.returncode == 0)


def claims(campaign: dict[str, Any], audited: Audited) -> list[Claim]:
    """What the auditor's findings have to say, beside that all is in order."""
    contacted = campaign["campaign"]["stats"]["contacted"]
    counted = any(f" contacted {contacted}," in line for line in audited.said)
    return [
        Claim("the exported history is verified by a program of its own", audited.holds),
        Claim(f"the auditor counts {contacted} leads contacted, as stats does", counted),
    ]
