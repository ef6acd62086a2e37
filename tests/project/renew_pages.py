"""Write what commands print into the pages that show it: ``python tests/project/renew_pages.py``."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def renewed(block: re.Match[str]) -> str:
    """Run the commands of a block and return it with what they print."""
    lines = [part.partition("\n")[0] for part in block[1].removeprefix("$ ").split("\n$ ")]
    return "```console\n" + "".join(f"$ {line}\n{printed(line)}\n" for line in lines) + "```"


def printed(line: str) -> str:
    """Return what a command of this package prints."""
    command = [sys.executable, "-m", *line.replace("adamax-ref", "adamax_ref", 1).split()]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.rstrip("\n")


def main() -> None:
    """Renew README and documentation."""
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        page.write_text(re.sub(r"^```console\n(\$ .*?)^```", renewed, text, flags=re.MULTILINE | re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
