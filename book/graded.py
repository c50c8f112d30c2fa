"""The directive ``{graded} NAME``: a box with the task, three folded hints and the folded reference solution.

The chapter holds the task's prose alone; all the rest is the exercise's entry in ``autograder/exercises`` and the
code in ``solutions``.
"""

import inspect
from collections.abc import Iterable

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx_design.dropdown import DropdownDirective
from sphinx_exercise.directive import ExerciseDirective

from autograder import exercises
from autograder.exercise import Exercise
from autograder.stub import reference_source

logger = logging.getLogger(__name__)


class Graded(SphinxDirective):
    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        here = (self.env.docname, self.lineno)
        try:
            exercise = exercises.find(name)
        except exercises.UnknownExercise as error:
            logger.warning("{graded} %s: %s", name, error, location=here, type="graded")
            return []
        if not self.content:
            logger.warning("{graded} %s: the task is missing: write it as the body", name, location=here, type="graded")
        boxes = self._nested(ExerciseDirective, "exercise", name, self.content, label=f"exercise-{name}", nonumber=None)
        if not boxes:  # a second box of this name: sphinx-exercise has said so
            return []
        (box,) = boxes
        # A plain title: sphinx-exercise would write "Exercise (NAME)".
        box[0] = nodes.title("", "", nodes.Text("Exercise: "), nodes.literal(text=name))
        section = box[1]
        # sphinx-exercise gives every box of a page the same id here.
        section["ids"] = [f"exercise-{name}-task"]
        section.insert(0, nodes.paragraph("", _facts(exercise), classes=["graded-facts"]))
        folded = [(f"Hint {number}", [hint]) for number, hint in enumerate(exercise.hints, start=1)]
        folded.append(("Solution", ["```python", *_reference(exercise).splitlines(), "```"]))
        for label, lines in folded:
            section += self._nested(
                DropdownDirective, "dropdown", label, StringList(lines, source=self.get_source_info()[0]),
                **{"class-container": ["graded-fold"], "margin": ["sd-mb-2"]},
            )  # fmt: skip
        return [box]

    def _nested(
        self, directive: type, called: str, argument: str, content: Iterable[str], **options
    ) -> list[nodes.Node]:
        return directive(
            called, [argument], options, content, self.lineno, self.content_offset, self.block_text, self.state,
            self.state_machine,
        ).run()  # fmt: skip


def _facts(exercise: Exercise) -> str:
    points = f"{exercise.points} point" + "s" * (exercise.points != 1)
    return f"{exercise.kind} · about {exercise.minutes} minutes · {points}"


def _reference(exercise: Exercise) -> str:
    return inspect.cleandoc(reference_source(exercise.reference))
