"""Changes how a program starts, without a hook in the program: a `sitecustomize` that only its environment names.

A function's name and settings enter, environment variables leave; every Python process below inherits them.
"""

from __future__ import annotations

import os
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_TEXT = "from {module} import {name}\n\n{name}({argument!r})\n"


def environment(folder: Path, module: str, name: str, argument: str) -> dict[str, str]:
    """Return what to add to an environment so that `module.name(argument)` runs before anything else."""
    folder.mkdir(parents=True, exist_ok=True)
    before = os.environ.get("PYTHONPATH", "")
    earlier = Path(before.split(os.pathsep)[0], "sitecustomize.py") if before else folder / "none"
    text = earlier.read_text(encoding="utf-8") if earlier.is_file() else ""  # Python runs the first that it finds
    text += _TEXT.format(module=module, name=name, argument=argument)
    (folder / "sitecustomize.py").write_text(text, encoding="utf-8")
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), str(_ROOT), before]))}
