"""Read the firm's files with some of them changed, to see what a change would do before it is made."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from actions.firm.loader import Firm, load_firm
from store.firm_files import FirmDataError


def load_firm_with(folder: Path, changed: Path) -> Firm:
    """The firm as it would be with the files of ``changed`` in the place of those of ``folder``.

    Args:
        changed: a folder that holds the changed files alone, or a whole copy.

    Raises:
        FirmDataError: a file is wrong, named as it lies there; or ``changed`` holds none of the firm's files.
    """
    if not changed.is_dir():
        raise FirmDataError(f"{changed}: is no folder")
    names = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    own = {path.relative_to(changed) for path in changed.rglob("*") if path.is_file()} & names
    if not own:
        raise FirmDataError(f"{changed}: holds none of the firm's files, such as remedies.yml or authority.yml")
    with TemporaryDirectory(prefix="amends-policy-") as temporary:
        together = Path(temporary)
        shutil.copytree(folder, together, dirs_exist_ok=True)
        for name in own:
            shutil.copyfile(changed / name, together / name)
        try:
            return load_firm(together)
        except FirmDataError as error:
            raise FirmDataError(_as_they_lie(str(error), together, own, changed, folder)) from None


def _as_they_lie(message: str, together: Path, own: set[Path], changed: Path, folder: Path) -> str:
    for name in sorted(own):
        message = message.replace(str(together / name), str(changed / name))
    return message.replace(str(together), str(folder))
