import ast
import importlib.util
import textwrap

import pytest

from autograder.stub import reference_source, stub
from solutions import convolution, filters

REFERENCES = [
    value
    for module in (filters, convolution)
    for value in vars(module).values()
    if callable(value) and getattr(value, "__module__", None) == module.__name__
]


@pytest.fixture
def load(tmp_path):
    """The thing that a source defines last, from a real file so that inspect finds it."""
    count = 0

    def load(source):
        nonlocal count
        count += 1
        path = tmp_path / f"written{count}.py"
        path.write_text(textwrap.dedent(source), encoding="utf-8")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        import sys

        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
        return list(vars(module).values())[-1]

    return load


@pytest.mark.parametrize("function", REFERENCES, ids=lambda f: f.__name__)
def test_every_stub_of_the_course_keeps_signature_and_docstring_and_raises(function):
    namespace = {}
    exec("import numpy as np\n" + stub(function), namespace)
    made = namespace[function.__name__]
    assert (
        made.__code__.co_varnames[: made.__code__.co_argcount]
        == (function.__code__.co_varnames[: function.__code__.co_argcount])
    )
    assert made.__defaults__ == function.__defaults__
    assert made.__doc__.splitlines()[0] == function.__doc__.splitlines()[0]
    assert "raise NotImplementedError" in stub(function)
    assert ":func:" not in stub(function)


@pytest.mark.parametrize("function", REFERENCES, ids=lambda f: f.__name__)
def test_a_reference_runs_as_before_without_its_marks(function):
    source = reference_source(function)
    assert "SOLUTION" not in source
    made = ast.parse(source).body[0]
    own = ast.parse(textwrap.dedent(__import__("inspect").getsource(function))).body[0]
    assert ast.dump(ast.Module(made.body[1:], [])) == ast.dump(ast.Module(own.body[1:], []))


def test_only_the_marked_blocks_go_and_the_scaffold_stays(load):
    function = load('''
        def f(x):
            """Doc."""
            y = 1
            for i in x:
                ### BEGIN SOLUTION
                y += i
                #END SOLUTION
                y -= 0
            #   BEGIN   SOLUTION
            y = -y
            # END SOLUTION
            return y
    ''')
    assert stub(function) == textwrap.dedent('''\
        def f(x):
            """Doc."""
            y = 1
            for i in x:
                # Your code here.
                raise NotImplementedError
                y -= 0
            # Your code here.
            raise NotImplementedError
            return y
    ''')
    assert reference_source(function) == textwrap.dedent('''\
        def f(x):
            """Doc."""
            y = 1
            for i in x:
                y += i
                y -= 0
            y = -y
            return y
    ''')


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("# BEGIN SOLUTION\n    return x", "3: BEGIN SOLUTION without an END SOLUTION"),
        ("# END SOLUTION\n    return x", "3: END SOLUTION without a BEGIN SOLUTION"),
        ("# BEGIN SOLUTION\n    # BEGIN SOLUTION\n    return x\n    # END SOLUTION", "4: BEGIN SOLUTION inside"),
    ],
)
def test_marks_that_do_not_pair_up_are_named_with_their_line(load, body, says):
    function = load(f"def f(x):\n    # text\n    {body}\n")
    for made in (stub, reference_source):
        with pytest.raises(ValueError, match="written1.py:") as error:
            made(function)
        assert says in str(error.value)
        assert "\n" not in str(error.value)


def test_words_in_a_string_are_no_marks(load):
    function = load('def f():\n    """Write between # BEGIN SOLUTION marks."""\n    return "# END SOLUTION"\n')
    assert stub(function).endswith('marks."""\n    raise NotImplementedError\n')


def test_decorators_annotations_and_long_signatures_stay(load):
    function = load("""
        import functools
        @functools.cache
        def f(
            a: dict[str, int] = {1: 2}["a":] if False else None,  # why: it may be None
            *, b=lambda x: x,
        ) -> "int":
            # a comment of the body
            return 1
    """)
    made = stub(function)
    assert made.startswith("@functools.cache\ndef f(\n")
    assert "# why: it may be None" in made
    assert made.endswith(') -> "int":\n    raise NotImplementedError\n')


def test_a_body_on_the_line_of_the_signature_goes_too(load):
    assert stub(load("def f(x): return {1: x}[1]\n")) == "def f(x):\n    raise NotImplementedError\n"


def test_a_class_keeps_its_shape_and_loses_its_methods_bodies(load):
    made = stub(
        load('''
        class Layer:
            """A layer."""

            size: int = 3

            def __init__(self, n):
                """Of n."""
                self.n = n

            @staticmethod
            def forward(x):
                return x
    ''')
    )
    assert made == textwrap.dedent('''\
        class Layer:
            """A layer."""

            size: int = 3

            def __init__(self, n):
                """Of n."""
                raise NotImplementedError

            @staticmethod
            def forward(x):
                raise NotImplementedError
    ''')


def test_a_class_without_methods_is_refused(load):
    with pytest.raises(ValueError, match="class Shape has no method to write"):
        stub(load("class Shape:\n    x = 1\n"))


def test_sphinx_roles_in_docstrings_read_well(load):
    function = load('''
        def f(x):
            """As :func:`output_size`, :func:`~solutions.filters.pad2d`, :class:`the <a.B>`.

            :meth:`a.b.c`
            """
            return ":func:`left.alone`"
    ''')
    assert "As `output_size`, `pad2d`, `the`." in reference_source(function)
    assert "    `c`\n" in reference_source(function)
    assert ":func:`left.alone`" in reference_source(function)
