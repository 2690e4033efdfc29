"""The schemas as they were published before, out of the repository's history."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from linli.failures import Failure

FOLDER = "docs/schemas"

# Schemas that were committed on a branch and changed before anything ran with them, named by
# git's blobs (`git cat-file -p`). They promised nothing to anybody.
DRAFTS = frozenset({"62135a2f206c26846c6f7d7308daef34ba5dbd86"})  # OfferAccepted, its price present and null


def schemas_in(folder: Path) -> dict[str, dict[str, Any]]:
    """The schemas of events that lie in ``folder``, by their path below it."""
    files = sorted(folder.glob("*/*.json"))
    return {
        file.relative_to(folder).as_posix(): json.loads(file.read_text(encoding="utf-8")) for file in files
    }


def schemas_at(root: Path, revision: str) -> dict[str, dict[str, Any]]:
    """The schemas that ``revision`` has, but for drafts; none where it has no such folder."""
    if not _git(root, "ls-tree", "--name-only", f"{revision}:./", FOLDER).strip():
        return {}
    archive = _git(root, "archive", "--format=tar", revision, FOLDER)
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            path = member.name.removeprefix(f"{FOLDER}/")
            content = tar.extractfile(member)
            if content is None or path.count("/") != 1:
                continue
            written = content.read()
            if _blob(written) not in DRAFTS:
                found[path] = json.loads(written)
    return found


def revisions(root: Path) -> list[str]:
    """Every commit behind this one that changed a schema, newest first; none outside a repository."""
    try:
        return _git(root, "log", "--format=%H", "--", FOLDER).decode().split()
    except Failure:
        return []


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _git(root: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    except OSError as error:
        raise Failure(f"git cannot be run: {error}.", exit_code=2) from error
    if done.returncode != 0:
        raise Failure(f"git {arguments[0]}: {done.stderr.decode().strip()}", exit_code=2)
    return done.stdout
