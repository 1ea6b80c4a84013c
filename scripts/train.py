"""Train the Rasa model when its inputs changed, and only then; prints the path of the model that fits them.

Run with the bot's own Python: ``bot/.venv/bin/python scripts/train.py FOLDER``. It uses the standard library alone, so
that finding nothing to do costs nothing.
"""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Everything a model is made of; a change in any of it means another model.
INPUTS = (
    "config.yml",
    "domain.yml",
    "bot/requirements.txt",
    "bot/**/*.py",
    "bot/**/*.yml",
    "bot/**/*.txt",
    "data/training/**/*.yml",
    "data/firm/taxonomy.yml",
)
KEPT_MODELS = 3


def digest() -> str:
    """What the inputs are, as one short name."""
    whole = hashlib.sha256()
    paths = {path for pattern in INPUTS for path in ROOT.glob(pattern) if ".venv" not in path.parts}
    for path in sorted(paths):
        whole.update(f"{path.relative_to(ROOT)}\0".encode())
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()[:16]


def main() -> int:
    folder = Path(sys.argv[1]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    model = folder / f"amends-{digest()}.tar.gz"
    if not model.exists():
        started = time.monotonic()
        print("training the model: its inputs changed …", file=sys.stderr, flush=True)
        # Under a name of its own first: a training that is interrupted leaves no half model behind.
        draft = f"draft-{os.getpid()}"
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "rasa",
                "train",
                # The tests check the data; plain `rasa train` does so as well, in half a minute more.
                "--skip-validation",
                "--data",
                "data/training",
                "--out",
                str(folder),
                "--fixed-model-name",
                draft,
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "RASA_TELEMETRY_ENABLED": "false",
                "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
                "TF_CPP_MIN_LOG_LEVEL": "2",
            },
            stdout=sys.stderr,
            check=False,
        )
        if done.returncode:
            return done.returncode
        (folder / f"{draft}.tar.gz").rename(model)
        print(f"trained in {time.monotonic() - started:.0f} s", file=sys.stderr)
        for old in sorted(folder.glob("amends-*.tar.gz"), key=lambda path: path.stat().st_mtime)[:-KEPT_MODELS]:
            old.unlink()
    model.touch()
    print(model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
