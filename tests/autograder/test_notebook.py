"""The learner's definitions are found by name, with all that they need and nothing else, in whatever file."""

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder import notebook
from autograder.notebook import Unreadable, mentioned, read


@pytest.fixture
def submission(tmp_path):
    """A submission from the text of a .py file, or from a list of cells."""

    def make(code, **cell):
        if isinstance(code, str):
            path = tmp_path / "answers.py"
            path.write_text(code, encoding="utf-8", newline="")
        else:
            path = tmp_path / "answers.ipynb"
            cells = [{"cell_type": "code", "source": source, **cell} for source in code]
            path.write_text(json.dumps({"nbformat": 4, "metadata": {}, "cells": cells}), encoding="utf-8")
        return read(path)

    return make


def run(submission, name="f", without=()):
    """Run the slice behind a name, as the worker does, and call it."""
    namespace = {"check": lambda f, *_: f}
    flags = 0
    for piece in submission.slice(name, without).pieces:
        code = compile("\n" * (piece.first_line - 1) + piece.source, piece.filename, "exec", flags, dont_inherit=True)
        flags |= code.co_flags & 0x1000000  # annotations
        exec(code, namespace)
    return namespace[name]()


def sources(submission, name="f", without=()):
    return [piece.source for piece in submission.slice(name, without).pieces]


# --- what belongs to a slice -----------------------------------------------------------------------------------------

COMPLETE = {
    "last definition": ("def f(): return 1\ndef f(): return 2\n", 2),
    "last definition after a check": ("def f(): return 1\nf = check(f)\ndef f(): return 2\n", 2),
    "a check of what went before": ("def f(): return 1\nf = check(f)\n", 1),
    "another name, then check": ("def my(): return 4\nf = check(my, 'f')\n", 4),
    "another name, given to it": ("def my(): return 4\nf = my\ncheck(f)\n", 4),
    "helper": ("def g(): return 3\ndef f(): return g()\n", 3),
    "helper below": ("def f(): return g()\ndef g(): return 3\n", 3),
    "helper redefined below": ("def g(): return 1\ndef f(): return g()\ndef g(): return 2\n", 2),
    "recursion": ("def f(n=3): return 1 if n < 1 else n * f(n - 1)\n", 6),
    "mutual recursion": ("def f(n=4): return n and g(n - 1)\ndef g(n): return n and f(n - 1)\n", 0),
    "global": ("K = 3\ndef f(): return K\n", 3),
    "global below": ("def f(): return K\nK = 3\n", 3),
    "global redefined": ("K = 3\ndef f(): return K\nK = 5\n", 5),
    "global from itself": ("K = 1\nK = K + 1\nK = K + 1\ndef f(): return K\n", 3),
    "global added to": ("if 1:\n    K = 1\nK += 1\ndef f(): return K\n", 2),
    "global of a global": ("A = 2\nB = A * A\ndef f(): return B\n", 4),
    "global of what a name meant then": ("A = 2\nB = A * A\nA = 'other'\ndef f(): return B\n", 4),
    "call of what a name meant then": ("K = 2\ndef g(): return K\nB = g()\nK = 9\ndef f(): return B\n", 2),
    "call of a function by then": ("def g(): return 1\nB = g()\ndef g(): return 2\ndef f(): return (B, g())\n", (1, 2)),
    "entry set": ("table = {}\ntable['a'] = 1\ndef f(): return table['a']\n", 1),
    "entry added to": ("table = [1]\ntable[0] += 4\ndef f(): return table[0]\n", 5),
    "appended to": ("table = []\ntable.append(3)\ndef f(): return table[0]\n", 3),
    "appended to deep inside": ("table = {}\ntable.setdefault('a', []).append(3)\ndef f(): return table['a']\n", [3]),
    "filled in a loop": ("table = {}\nfor k in 'ab': table[k] = 1\ndef f(): return table['b']\n", 1),
    "filled by a function": ("table = {}\ndef fill(t): t['a'] = 1\nfill(table)\ndef f(): return table['a']\n", 1),
    "changed through global": (
        "c = 0\ndef bump():\n    global c\n    c += 1\nbump()\nbump()\ndef f(): return c\n",
        2,
    ),
    "changed, then made anew": ("t = []\nt.append(1)\nt = []\nt.append(2)\ndef f(): return t\n", [2]),
    "changed by a function that keeps a list": ("t = []\ndef add(x): t.append(x)\nadd(3)\ndef f(): return t\n", [3]),
    "changed by NumPy": (
        "import numpy as np\nK = np.ones((2, 2))\nnp.fill_diagonal(K, 0)\ndef f(): return K.sum()\n",
        2,
    ),
    "changed through out=": ("import numpy as np\nK = np.ones(2)\nnp.add(K, 1, out=K)\ndef f(): return K.sum()\n", 4),
    "shuffled": ("import random\nK = [1]\nrandom.seed(0)\nrandom.shuffle(K)\ndef f(): return K\n", [1]),
    "attribute set by name": ("class A: pass\nsetattr(A, 'k', 4)\ndef f(): return A.k\n", 4),
    "defined by exec": ("code = 'def g(): return 3'\nns = {}\nexec(code, ns)\nf = ns['g']\n", 3),
    "several targets": ("a, (b, *c) = 1, (2, 3, 4)\ndef f(): return a + b + c[1]\n", 7),
    "chained targets": ("f = g = lambda: 2\n", 2),
    "lambda": ("K = 2\nf = lambda: K\n", 2),
    "partial": ("import functools\ndef g(a, b): return a + b\nf = functools.partial(g, 1, 2)\n", 3),
    "alias": ("def helper(): return 3\nf = helper\n", 3),
    "made by a function": ("def make():\n    def inner(): return Z\n    return inner\nZ = 9\nf = make()\n", 9),
    "callable object": ("class F:\n    def __call__(self): return 5\nf = F()\n", 5),
    "class": ("class A:\n    k = 3\n    def m(self): return self.k + K\nK = 1\ndef f(): return A().m()\n", 4),
    "class attribute set later": ("class A: pass\nA.k = 4\ndef f(): return A.k\n", 4),
    "class base": ("class A: k = 3\nclass B(A): pass\ndef f(): return B.k\n", 3),
    "class that reads the same name": ("z = 4\nclass B:\n    z = z\ndef f(): return B.z\n", 4),
    "decorator": ("def up(g): return lambda: g() + 1\n@up\ndef f(): return 1\n", 2),
    "decorators, with arguments": (
        "K = 2\ndef times(k):\n    return lambda g: lambda: k * g()\n@times(K)\n@times(\n    3\n)\ndef f(): return 1\n",
        6,
    ),
    "decorator that registers": (
        "R = []\ndef keep(g):\n    R.append(g)\n    return g\n@keep\ndef one(): return 1\ndef f(): return R[0]()\n",
        1,
    ),
    "decorator that registers under a name": (
        "R = {}\ndef keep(name):\n    def take(g):\n        R[name] = g\n        return g\n    return take\n"
        "@keep('a')\ndef _(): return 1\n@keep('b')\ndef _(): return 2\ndef f(): return R['a']() + R['b']()\n",
        3,
    ),
    "single dispatch": (
        "from functools import singledispatch\n@singledispatch\ndef g(x): return 0\n"
        "@g.register\ndef _(x: int): return 7\ndef f(): return g(1)\n",
        7,
    ),
    "default argument": ("D = 7\ndef f(a=D): return a\nD = 8\n", 7),
    "keyword-only default": ("D = 7\ndef f(*, a=D): return a\n", 7),
    "annotation": ("Number = int\ndef f(x: Number = 2) -> Number: return x\n", 2),
    "annotation that stays a string": ("from __future__ import annotations\ndef f(a: Unknown = 1): return a\n", 1),
    "annotated global": ("x: int\nx: int = 4\ndef f(): return x\n", 4),
    "comprehension": ("W = [1, 2]\ndef f(): return [w * V for w in W if all(V > u for u in W)][1]\nV = 10\n", 20),
    "comprehension at the top": ("V = 3\nW = [V * i for i in range(3)]\nV = None\ndef f(): return W[2]\n", 6),
    "walrus": ("(n := 4)\ndef f(): return n\n", 4),
    "walrus in a condition": ("if (n := 4) > 3: pass\ndef f(): return n\n", 4),
    "loop variable": ("for last in range(3): pass\ndef f(): return last\n", 2),
    "match": ("match 3:\n    case 3 as n: pass\ndef f(): return n\n", 3),
    "with": ("import contextlib\nwith contextlib.nullcontext(3) as n: pass\ndef f(): return n\n", 3),
    "conditional definition": ("if True:\n    def f(): return 5\nelse:\n    def f(): return 6\n", 5),
    "conditional redefinition": ("def f(): return 1\nif False:\n    def f(): return 6\n", 1),
    "definition after a failed import": ("try:\n    import nope\nexcept ImportError:\n    def f(): return 2\n", 2),
    "nested function": ("def f():\n    def g():\n        return K\n    return g()\nK = 4\n", 4),
    "import": ("import os.path\ndef f(): return os.path.basename('a/b')\n", "b"),
    "import by another name": ("import math, cmath as c\ndef f(): return c.sqrt(-1)\n", 1j),
    "import from": ("from math import floor, ceil as up\ndef f(): return up(1.5)\n", 2),
    "import of everything": ("from math import *\ndef f(): return floor(2.5)\n", 2),
    "import of everything, over a built-in function": (
        "from cmath import *\nfrom math import *\ndef f(): return pow(2, 2)\n",
        4.0,
    ),
    "import inside": ("def f():\n    import math\n    return math.floor(1.5)\n", 1),
    "import below": ("def f(): return math.floor(1.5)\nimport math\n", 1),
    "semicolons": ("x = 1; y = 'é'; f = lambda: y * x\n", "é"),
    "semicolon over two lines": ("x = 1; y = [x,\n 2]; z = 3\ndef f(): return y\n", [1, 2]),
    "comment behind": ("x = '#'  # ; y = 1\ndef f(): return x  # the end\n", "#"),
    "no newline at the end": ("def f(): return 1", 1),
    "tabs": ("def f():\n\treturn 1\n", 1),
    "form feed": ("\x0cdef f():\n    return 1\n\x0c\n", 1),
    "Windows line endings": ("K = 1\r\ndef f():\r\n    return K\r\n", 1),
    "old Macintosh line endings": ("K = 1\rdef f():\r    return K\r", 1),
    "byte order mark": ("\ufeffdef f(): return 1\n", 1),
    "names beyond ASCII": ("größe = 2\ndef f(): return größe\n", 2),
    "encoding line": ("# -*- coding: latin-1 -*-\ndef f(): return 'é'\n", "é"),
    "line continuation": ("x = 1 + \\\n    2\ndef f(): return x\n", 3),
    "docstring that looks like code": ("def f():\n    '''\ndef f(): return 9\n    '''\n    return 1\n", 1),
    "main block": ("def f(): return 1\nif __name__ == '__main__':\n    f = None\n    raise SystemExit\n", 1),
    "deleted, then defined": ("def f(): return 1\ndel f\ndef f(): return 2\n", 2),
    "attribute set on it": ("def f(): return f.k\nf.k = 2\n", 2),
    "borrowed elsewhere, defined here": ("def f(): return 1\nf = mine('f')\n", 1),
}


@pytest.mark.parametrize("case", COMPLETE)
@pytest.mark.parametrize("kind", ["py", "ipynb", "cells"])
def test_a_slice_has_all_that_it_needs(submission, case, kind):
    code, result = COMPLETE[case]
    if kind == "cells" and not code.startswith("\ufeff") and "\r" not in code:
        tops = [n for n, line in enumerate(code.split("\n")) if n == 0 or line[:1].strip() and line[:1] not in ")@de'"]
        lines = code.split("\n")
        whole = any(word in code for word in ("@", "'''", "else:", "except", "\\", "[x,", "__future__"))
        cells = ["\n".join(lines[a:b]) for a, b in zip(tops, [*tops[1:], len(lines)], strict=True)]
        submitted = submission([code] if whole else cells)
    else:
        submitted = submission(code if kind == "py" else [code.lstrip("\ufeff")])
    assert run(submitted) == result


LEFT_OUT = {
    "plots": "plt.plot([1])\nplt.show()\nimport matplotlib.pyplot as plt\n",
    "files": "data = open('nowhere').read()\n",
    "a slow experiment": "result = [f() for _ in range(10**12)]\n",
    "a print": "print(f())\nf()\nassert f() == 2\n",
    "a download": "import urllib.request\nurllib.request.urlopen('http://nowhere').read()\n",
    "an older version": "def f():\n    return broken_helper()\ndef broken_helper(): pass\n",
    "a setting": "import numpy as np\nnp.set_printoptions(precision=3)\n",
    "a check": "f = check(f)\nf = autograder.check(f)\ng, f = check(g), check(f)\nf = mine('f')\n",
    "another exercise": "def conv2d(x): return f()\nconv2d(1).mean()\n",
    "another import": "from math import *\nimport json\n",
}


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("case", LEFT_OUT)
def test_what_is_not_needed_is_left_out(submission, case, where):
    if where == "after" and case == "an older version":
        pytest.skip("then it is the newer one")
    parts = [LEFT_OUT[case], "def f(): return 2\n"]
    assert sources(submission("".join(parts if where == "before" else parts[::-1]))) == ["def f(): return 2"]


def test_calls_of_a_function_that_keeps_a_cache_are_left_out(submission):
    code = "cache = {}\ndef f(n=3):\n    cache[n] = n\n    return cache[n]\nf(10**12)\nx = f(5)\n"
    assert sources(submission(code)) == ["cache = {}", "def f(n=3):\n    cache[n] = n\n    return cache[n]"]


def test_imports_are_split_so_that_only_what_is_used_is_loaded(submission):
    code = "import numpy as np, matplotlib.pyplot as plt\nfrom math import pi, tau\ndef f(): return np.cos(pi)\n"
    assert sources(submission(code)) == ["import numpy as np", "from math import pi", "def f(): return np.cos(pi)"]


def test_names_that_are_stood_in_for_are_left_out_with_what_only_they_need(submission):
    code = "K = 1\ndef g(): return K\ndef f(): return g()\n"
    assert sources(submission(code), without={"g"}) == ["def f(): return g()"]
    assert submission(code).slice("f").uses == {"K", "g", "f"}


def test_what_is_borrowed_is_known_and_defines_nothing(submission):
    s = submission("from autograder import mine\ng = mine('conv2d')\nf = mine('f')\ndef h(): return g()\n")
    assert s.slice("h").borrows == {"conv2d"} and "g" in sources(s, "h")[1]
    assert s.defined == {"mine", "h"}


def test_what_is_only_handed_on_is_not_defined(submission):
    assert submission("f = check(f)\n").defined == frozenset()
    assert submission("f = check(g)\n").defined == {"f"}
    assert submission("f = check(lambda: 1, 'f')\n").defined == {"f"}


# --- notebooks -------------------------------------------------------------------------------------------------------

MAGICS = {
    "line magic": "%matplotlib inline\n%load_ext autoreload\ndef f(): return 1\n",
    "timed": "%%time\ndef f(): return 1\n",
    "timed, after a blank line": "\n%%time\ndef f(): return 1\n",
    "captured": "%%capture out\ndef f(): return 1\n",
    "timed statement": "%time f = lambda: 1\n",
    "timed call": "def f(): return 1\n%timeit -n 10 f()\n",
    "shell": "!pip install numpy\n!ls *.py | head\ndef f(): return 1\n",
    "shell, indented": "if True:\n    !ls\ndef f(): return 1\n",
    "question": "?print\nprint?\nprint??\ndef f(): return 1\n",
    "question in a docstring": "%matplotlib inline\ndef f():\n    '''How many?\n    One.\n    '''\n    return 1\n",
    "remainder at the start of a line": "%pylab\nx = (7\n     % 3)\ndef f(): return x\n",
}


@pytest.mark.parametrize("case", MAGICS)
def test_magics_do_not_hide_a_definition(submission, case):
    s = submission([MAGICS[case]])
    assert run(s) == 1 and not s.broken


@pytest.mark.parametrize("magic", ["%%bash", "%%html", "%%javascript", "%%writefile a.py", "%%latex", "%%script x"])
def test_cells_in_another_language_are_passed_over(submission, magic):
    s = submission(["def f(): return 1", f"{magic}\ndef f(): return 2\n<b>not python</b>"])
    assert run(s) == 1 and not s.broken


def test_the_source_of_a_cell_may_be_a_list_of_lines(submission):
    assert run(submission([["K = 1\n", "def f():\n", "    return K"]])) == 1


def test_only_code_cells_count_and_order_is_that_of_the_file(tmp_path):
    cells = [
        {"cell_type": "code", "source": "def f(): return 1", "execution_count": 9},
        {"cell_type": "markdown", "source": "def f(): return 2"},
        {"cell_type": "raw", "source": "def f(): return 3"},
        {"cell_type": "code"},
        {"cell_type": "code", "source": None},
        {"cell_type": "code", "source": [1, None]},
        {"source": "def f(): return 4"},
        "def f(): return 5",
        None,
    ]
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    assert run(read(path)) == 1
    assert read(path).slice("f").pieces[0].filename == "a.ipynb, cell 1"


def test_pieces_know_their_cell_and_line(submission):
    s = submission(["x = 1", "%%time\n\n\nK = 1\n@staticmethod\ndef g(): pass\ndef f():\n    return g, K / 0\n"])
    pieces = {p.source.split("\n")[0]: p for p in s.slice("f").pieces}
    assert {p.filename for p in pieces.values()} == {"answers.ipynb, cell 2"}
    assert {first: p.first_line for first, p in pieces.items()} == {"K = 1": 4, "@staticmethod": 5, "def f():": 7}


# --- code that is not Python -----------------------------------------------------------------------------------------

BROKEN = [
    "def g(:\n    return 1",
    "def g():\nreturn 1",
    "def g():\n    x = (1\n    return x",
    "def g():\n    return 'unfinished",
    "@deco(\ndef g(): pass",
    "class g(:\n    pass",
    "g = (1,",
    "def g():\n        a = 1\n    b = 2",
    "def g():\n    return 1 +",
    "def g():\n\tif 1:\n        return 1\n\treturn 2\n",
    "def g(): print 'two'",
    "def g():\n    return 1\0",
    "<<<<<<< HEAD\ndef g(): return 1\n=======\ndef g(): return 2\n>>>>>>> theirs",
    "def g(): return " + "(" * 100_000 + ")" * 100_000,
    "def g(): return " + "-" * 100_000 + "1",
    "def g(): return " + "lambda: " * 3_000 + "1",
]


@pytest.mark.parametrize("code", BROKEN, ids=lambda code: code[:24].encode("unicode_escape").decode())
@pytest.mark.parametrize("kind", ["py", "ipynb"])
@pytest.mark.parametrize("first", [True, False])
def test_a_syntax_error_costs_its_own_names_alone(submission, code, kind, first):
    good = "def f():\n    return 1\n\n\ndef h():\n    return 2\n"
    text = f"{code}\n\n{good}" if first else f"{good}\n{code}\n"
    s = submission(text if kind == "py" else [text])
    assert run(s) == 1 and run(s, "h") == 2
    assert s.broken_at("g") or "g" in s.defined  # how deep is too deep depends on the version of Python
    assert s.broken_at("f") is None and s.broken_at("h") is None


@pytest.mark.parametrize("kind", ["py", "ipynb"])
def test_a_syntax_error_is_told_with_its_place(submission, kind):
    text = "x = 1\n\ndef g():\n    return (1\n\ndef f(): return 1\n"
    s = submission(text if kind == "py" else ["a = 1", text])
    where = "answers.py" if kind == "py" else "answers.ipynb, cell 2"
    assert s.broken_at("g") == f"{where}, line 4: '(' was never closed: return (1"


def test_merge_marks_in_a_python_file_cost_what_stands_between_them(submission):
    s = submission(
        "def f(): return 1\n<<<<<<< HEAD\ndef g(): return 1\n=======\ndef g(): return 2\n>>>>>>> x\ndef h(): return 2\n"
    )
    assert run(s) == 1 and run(s, "h") == 2
    assert s.broken_at("g") == "answers.py, line 2: invalid syntax: <<<<<<< HEAD" and "g" not in s.defined


# --- files that cannot be read ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", b"", "neither a notebook (.ipynb) nor a Python file (.py)"),
        ("a.ipynb", b"", "not a notebook: it is empty"),
        ("a.ipynb", b"def f(): return 1", "not a notebook: its text is not valid JSON"),
        ("a.ipynb", b'{"cells": [}', "not a notebook: its text is not valid JSON"),
        ("a.ipynb", b"[]", "not a notebook: it has no list of cells"),
        ("a.ipynb", b'{"cells": {}}', "not a notebook: it has no list of cells"),
        (
            "a.ipynb",
            b'{"nbformat": 3, "worksheets": [{"cells": []}]}',
            "old format; open it in Jupyter and save it again",
        ),
        ("a.ipynb", b"[" * 200_000, "not a notebook: its text is not valid JSON"),
        ("a.ipynb", b'{"cells": ' + b"1" * 5000 + b"}", "not a notebook"),
        (
            "a.ipynb",
            b'{"cells": [\n<<<<<<< HEAD\n=======\n>>>>>>> x\n]}',
            "a merge left its conflict marks (<<<<<<<) in it",
        ),
        ("a.ipynb", b'{"cells": "\xff\xfe"}', "not a text file in UTF-8 (byte 11)"),
        ("a.py", b"x = '\xe9'", "not a text file in UTF-8 (byte 5)"),
        ("a.py", "def f(): pass".encode("utf-16"), "not a text file in UTF-8 (byte 0)"),
    ],
    ids=range(13),
)
def test_an_unreadable_file_is_refused_in_one_line(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Unreadable) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: ") and says in str(error.value) and "\n" not in str(error.value)


def test_more_code_than_anybody_writes_is_refused_with_what_to_do(submission):
    for code in ("a;" * 200_000, ["x = 1\n" * 30_000] * 2):
        with pytest.raises(Unreadable, match="more than 256 KiB of code; data belongs"):
            submission(code)


def test_a_file_in_another_encoding_is_read_where_it_says_so(tmp_path):
    path = tmp_path / "a.py"
    path.write_bytes("# coding: latin-1\ndef f(): return 'größe'\n".encode("latin-1"))
    assert run(read(path)) == "größe"


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path):
    (tmp_path / "folder.py").mkdir()
    for name, says in (("none.py", "No such file"), ("folder.py", "not a file")):
        with pytest.raises(Unreadable, match=says):
            read(tmp_path / name)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.py")
        with pytest.raises(Unreadable, match="not a file"):
            read(tmp_path / "pipe.py")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_file_without_permission_is_refused(tmp_path):
    path = tmp_path / "a.py"
    path.touch(mode=0)
    with pytest.raises(Unreadable, match="Permission denied"):
        read(path)


def test_a_huge_file_is_refused_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(notebook, "MAX_BYTES", 1 << 20)
    path = tmp_path / "a.ipynb"
    path.write_bytes(b" " * ((1 << 20) + 1))
    with pytest.raises(Unreadable, match="larger than 1 MiB; clear the outputs"):
        read(path)


@pytest.mark.parametrize("code", ["", "\n\n", "# nothing yet\n"])
def test_an_empty_file_defines_nothing(submission, code):
    for s in (submission(code), submission([]), submission([code, code])):
        assert not s.defined and not s.broken and s.slice("f").pieces == ()


def test_a_file_that_cannot_be_read_still_mentions_its_functions(tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_bytes(b'{"cells": [{"source": ["def conv2d(x):\\n", "class Net:"\xff <<<<<<<')
    assert mentioned(path) == {"conv2d", "Net"}
    assert mentioned(tmp_path / "none") == frozenset()


# --- and whatever else -----------------------------------------------------------------------------------------------

lines = st.sampled_from(
    [
        "def f():",
        "    return K",
        "K = 1",
        "K += f()",
        "@f",
        "%time f()",
        "!ls",
        "f = check(f)",
        "(",
        ")",
        "'''",
        "if 1:",
    ]
    + ["    pass", "class f(f):", "x?", "%%bash", "import os, sys", "from a import *", "global K", "é = {", "\t}", "\0"]
    + ["K = [f for f in K]", "f(K)", "f.K[0].x(f)[K] = f", "del f", "async def f(): await K", "    global K", "\ud800"]
)


@settings(max_examples=300, deadline=None, database=None)
@given(st.lists(st.lists(lines, max_size=6).map("\n".join), max_size=4))
def test_no_notebook_whatever_breaks_the_reader(tmp_path_factory, cells):
    path = tmp_path_factory.mktemp("any") / "a.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": c} for c in cells]}))
    s = read(path)
    for name in ("f", "K", "é", "none"):
        part = s.slice(name)
        assert part.uses <= s.defined
        for piece in part.pieces:
            cell = cells[int(piece.filename.rpartition(" ")[2]) - 1]
            assert 1 <= piece.first_line <= cell.count("\n") + 1
    assert all("\n" not in b.message for b in s.broken)


@settings(max_examples=200, deadline=None, database=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda t: t.encode("utf-8", "surrogatepass")))
def test_no_file_whatever_breaks_the_reader(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("any")
    for name in ("a.py", "a.ipynb"):
        (folder / name).write_bytes(content)
        try:
            read(folder / name).slice("f")
        except Unreadable as error:
            assert str(folder / name) in str(error)
        mentioned(folder / name)
