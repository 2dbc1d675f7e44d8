"""The folder that a capture is: its files' names, and opening them so that nobody else can read
them and no link leads elsewhere.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from wsproxy.errors import CaptureError

INDEX = "index.sqlite"
LOCK = "lock"
_WIRE = "wire-"

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def wire_name(number: int) -> str:
    """The name of a wire file, numbered from 1."""
    return f"{_WIRE}{number:06d}"


def wire_numbers(folder: Path) -> list[int]:
    """The numbers of the wire files that are there, ascending."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            digits = entry.name.removeprefix(_WIRE)
            if digits != entry.name and digits.isascii() and digits.isdigit():
                found.append(int(digits))
    return sorted(found)


def why(error: OSError) -> str:
    """What an OSError says, in lower case and without its number."""
    return (error.strerror or str(error)).lower()


def make_folder(path: Path) -> None:
    """Make the folder of a capture, or take the one that is there; only its owner may enter.

    Raises CaptureError for a link, for what is not a folder, for a folder of other things.
    """
    try:
        path.mkdir(mode=FOLDER_MODE, parents=False)
    except FileExistsError:
        _check_folder(path)
    except OSError as error:
        raise CaptureError(f"cannot write the capture {path}: {why(error)}") from None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if stat.S_IMODE(os.fstat(descriptor).st_mode) != FOLDER_MODE:
                os.fchmod(descriptor, FOLDER_MODE)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise CaptureError(f"cannot write the capture {path}: {why(error)}") from None


def _check_folder(path: Path) -> None:
    if path.is_symlink():
        raise CaptureError(f"cannot write the capture {path}: it is a link; give what it leads to")
    if not path.is_dir():
        raise CaptureError(f"{path} is not a capture of wsproxy: a capture is a folder")
    try:
        names = [entry.name for entry in path.iterdir()]
    except OSError as error:
        raise CaptureError(f"cannot write the capture {path}: {why(error)}") from None
    if names and INDEX not in names and LOCK not in names:
        raise CaptureError(f"{path} is not a capture of wsproxy: it is a folder of other things")


def open_file(path: Path, flags: int) -> int:
    """Open a file of a capture, made if need be, with FILE_MODE whatever it had.

    Raises OSError, also for a link and for what is not a file.
    """
    descriptor = os.open(
        path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, FILE_MODE
    )
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, f"{path.name} is not a file")  # noqa: TRY301 - it closes the file
        if stat.S_IMODE(found.st_mode) != FILE_MODE:
            os.fchmod(descriptor, FILE_MODE)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def secure_existing(folder: Path) -> None:
    """Give every file of a capture FILE_MODE.

    Raises CaptureError where one is a link or no file.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_file(follow_symlinks=False):
                what = "a link" if entry.is_symlink() else "not a file"
                raise CaptureError(f"cannot write the capture {folder}: {entry.name} is {what}")
            Path(entry.path).chmod(FILE_MODE)
