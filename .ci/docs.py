"""`make docs`: write the pages that are made from code; with --check only tell whether they are current."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

PAGES = {
    "docs/schemas.md": ["-m", "controller.manifest.reference"],
}


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = []
    for name, words in PAGES.items():
        page = ROOT / name
        text = subprocess.run(
            [sys.executable, *words], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
        ).stdout
        if page.exists() and page.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            page.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{name}: {'not what the code says, run make docs' if check else 'written'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
