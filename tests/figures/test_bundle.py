import subprocess
import sys
from pathlib import Path

import pytest

import figures
from figures.bundle import classic, write

ROOT = Path(figures.__file__).parent


def test_exports_become_plain_declarations():
    script = classic(
        'export const a = 1;\nexport function f() { return "export const"; }\nexport default { render: f };\n'
    )
    assert "export default" not in script and "\nexport" not in script
    assert 'return "export const"' in script and "const figure = { render: f };" in script


@pytest.mark.parametrize(
    "module, says",
    [
        ('import x from "y";\nexport default {};', "stands alone"),
        ("const m = await import('./x.js');\nexport default {};", "stands alone"),
        ("export { a };\nexport default {};", "stands alone"),
        ("export const a = 1;", "this one has 0"),
    ],
)
def test_a_module_that_cannot_be_wrapped_is_refused(module, says):
    with pytest.raises(ValueError, match=says):
        classic(module, "x.js")


def test_every_figure_is_written_under_its_name(tmp_path):
    written = write(tmp_path / "_figures")
    assert [path.name for path in written] == sorted(path.name for path in ROOT.glob("*.js"))


def test_every_module_has_its_class():
    for module in ROOT.glob("*.js"):
        assert module.with_suffix(".py").exists(), f"{module.name} has no class beside it"


def test_importing_figures_is_cheap():
    program = "import sys, figures; print([m for m in ('numpy', 'matplotlib', 'anywidget') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_here"):
        figures.nothing_here  # noqa: B018
