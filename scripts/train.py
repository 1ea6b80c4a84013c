"""Train the Rasa model when its inputs changed, and only then; prints the path of the model that fits them.

Run with the bot's own Python: ``bot/.venv/bin/python scripts/train.py FOLDER``. Nothing heavy is imported: finding
nothing to do costs nothing. ``--report FILE`` has a training followed by the report of ``bot.report``, and
``--report-always`` a model that was there already, too.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bot.past_complaints import (  # noqa: E402
    COMPLAINTS,
    TAXONOMY,
    PastComplaintsError,
    firm_folder,
    read_past_complaints,
)

# Everything a model is made of; a change in any of it means another model.
INPUTS = ("config.yml", "domain.yml", "data/training/**/*.yml")
# And all of these in bot/, whose environment is left out: walking through it would take seconds.
BOT_INPUTS = (".py", ".yml", ".txt")
# The same in the firm's folder, wherever that lies.
FIRM_INPUTS = (TAXONOMY, COMPLAINTS)
KEPT_MODELS = 3


def inputs(firm: Path) -> Iterator[tuple[str, Path]]:
    """Each input with the name it counts by, in one order on every machine."""
    paths = [path for pattern in INPUTS for path in ROOT.glob(pattern)]
    for place, folders, names in os.walk(ROOT / "bot"):
        folders[:] = [name for name in folders if name not in (".venv", "__pycache__")]
        paths += [Path(place, name) for name in names if name.endswith(BOT_INPUTS)]
    yield from ((str(path.relative_to(ROOT)), path) for path in sorted(paths))
    yield from ((f"firm/{path.name}", path) for pattern in FIRM_INPUTS for path in sorted(firm.glob(pattern)))


def digest(firm: Path) -> str:
    """What the inputs are, as one short name."""
    whole = hashlib.sha256()
    for name, path in inputs(firm):
        whole.update(f"{name}\0".encode())
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()[:16]


def train(folder: Path, model: Path, firm: Path) -> int:
    """Train ``model``; the exit status of Rasa."""
    started = time.monotonic()
    print("training the model: its inputs changed …", file=sys.stderr, flush=True)
    # Under a name of its own first: a training that is interrupted leaves no half model behind.
    draft = f"draft-{os.getpid()}"
    done = subprocess.run(
        [sys.executable, "-m", "bot.training", "data/training", str(folder), draft],
        cwd=ROOT,
        env=quiet(firm),
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode:
        return done.returncode
    (folder / f"{draft}.tar.gz").rename(model)
    print(f"trained in {time.monotonic() - started:.0f} s", file=sys.stderr)
    for old in sorted(folder.glob("amends-*.tar.gz"), key=lambda path: path.stat().st_mtime)[:-KEPT_MODELS]:
        old.unlink()
    return 0


def report(file: Path, firm: Path) -> int:
    """Have the report printed and written to ``file``; its exit status."""
    print("measuring on examples kept back, a training each time …", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "bot.report", "--out", str(file.absolute())]
    return subprocess.run(command, cwd=ROOT, env=quiet(firm), check=False).returncode


def quiet(firm: Path) -> dict[str, str]:
    """The environment of what is started: the firm's folder by its full path, and no chatter."""
    kept = {name: value for name, value in os.environ.items() if name != "AMENDS_FIRM_FILE"}
    return {
        **kept,
        "AMENDS_FIRM": str(firm),
        "RASA_TELEMETRY_ENABLED": "false",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where models are kept")
    parser.add_argument("--report", type=Path, metavar="FILE", help="report on a model just trained")
    parser.add_argument("--report-always", action="store_true", help="report on a model that was there, too")
    options = parser.parse_args()
    folder = options.folder.absolute()
    try:
        firm = firm_folder()
        model = folder / f"amends-{digest(firm)}.tar.gz"
        is_new = not model.exists()
        if is_new:
            # Told here in a line, before minutes of work.
            read_past_complaints(firm)
    except PastComplaintsError as error:
        print(error, file=sys.stderr)
        return 2
    if is_new:
        folder.mkdir(parents=True, exist_ok=True)
        failed = train(folder, model, firm)
        if failed:
            return failed
    model.touch()
    print(model, flush=True)
    if options.report and (is_new or options.report_always):
        return report(options.report, firm)
    if options.report:
        print("the model is up to date; `make train REPORT=1` reports on it", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
