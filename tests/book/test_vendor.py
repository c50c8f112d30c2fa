"""Browser assets: fetched whole or not at all, and never another file than the one we know."""

import base64
import hashlib
import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from book import vendor


def packed(**files: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("__", "/").replace("_", "."))
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


TARBALL = packed(package__good_js=b"good", package__other_js=b"other", evil_js=b"evil")
KNOWN = vendor.Package(
    "thing",
    "1.0.0",
    "sha512-" + base64.b64encode(hashlib.sha512(TARBALL).digest()).decode(),
    r"package/(?P<to>good\.js)",
)


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """A stand-in for npm: what it leaves as the packed file, what it says, its exit status."""

    def stands_in(tarball: bytes | None, says: str = "", status: int = 0) -> list[list[str]]:
        calls = []

        def run(command, cwd, **rest):
            calls.append(command)
            if tarball is not None:
                Path(cwd, "thing-1.0.0.tgz").write_bytes(tarball)
            return subprocess.CompletedProcess(command, status, "", says)

        monkeypatch.setattr(vendor.shutil, "which", lambda name, path=None: "npm")
        monkeypatch.setattr(vendor.subprocess, "run", run)
        return calls

    return stands_in


def test_only_the_wanted_files_are_kept_and_fetched_once(npm, tmp_path):
    calls = npm(TARBALL)
    folder = vendor.ensure(KNOWN, tmp_path / "cache")
    assert [path.name for path in folder.iterdir()] == ["good.js"]
    assert vendor.ensure(KNOWN, tmp_path / "cache") == folder
    assert len(calls) == 1


def test_git_ignores_the_cache(npm, tmp_path):
    npm(TARBALL)
    vendor.ensure(KNOWN, tmp_path / "cache")
    assert (tmp_path / "cache" / ".gitignore").read_text() == "*\n"


def test_another_file_than_the_known_one_is_refused_and_leaves_nothing(npm, tmp_path):
    npm(TARBALL + b"\0")
    with pytest.raises(vendor.VendorError, match="not the file we know"):
        vendor.ensure(KNOWN, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_without_npm_one_line_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(vendor.shutil, "which", lambda name, path=None: None)
    with pytest.raises(vendor.VendorError, match=r"npm is not installed.*install Node\.js") as error:
        vendor.ensure(KNOWN, tmp_path / "cache")
    assert "\n" not in str(error.value)


def test_offline_one_line_says_that_a_connection_is_needed_once(npm, tmp_path):
    npm(None, "npm error code ENOTFOUND\nnpm error network request failed\n", 1)
    with pytest.raises(vendor.VendorError, match=r"thing@1\.0\.0 \(ENOTFOUND\).*needs a connection once") as error:
        vendor.ensure(KNOWN, tmp_path / "cache")
    assert "\n" not in str(error.value)


def test_a_cache_that_is_there_needs_neither_npm_nor_network(monkeypatch, tmp_path):
    (tmp_path / "thing-1.0.0").mkdir()
    monkeypatch.setattr(vendor.shutil, "which", lambda name, path=None: pytest.fail("asked for npm"))
    assert vendor.ensure(KNOWN, tmp_path) == tmp_path / "thing-1.0.0"


def test_the_build_ends_with_that_line_and_status_1(tmp_path):
    code = (
        "import sys; from pathlib import Path; from book import build, vendor; "
        f"vendor.CACHE = Path({str(tmp_path)!r}); vendor.shutil.which = lambda name, path=None: None; "
        "sys.exit(build.main([]))"
    )
    root = Path(vendor.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("book: npm is not installed") and done.stderr.count("\n") == 1
