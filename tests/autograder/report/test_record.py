"""The one JSON object: exactly the fields of the design, in plain values."""

import json

import numpy as np
import pytest

from autograder import exercises, grade
from autograder.report.record import record
from autograder.verdict import STATUSES, Verdict
from autograder.worker.apply import apply
from autograder.worker.job import Ran

FIELDS = ["name", "chapter", "status", "points", "max_points", "mistake", "message", "case", "seconds"]


def judge(name, implementation):
    exercise = exercises.find(name)
    return grade.grade(exercise, lambda calls: Ran("finished", tuple(apply(implementation, c) for c in calls)), 7)


def test_the_object_is_the_designs():
    right = judge("conv2d", exercises.find("conv2d").reference)
    wrong = judge("output_size", next(m.wrong for m in exercises.find("output_size").mistakes if m.id == "ceiling"))
    made = record([right, wrong], 7)
    assert list(made) == ["version", "seed", "points", "max_points", "exercises"]
    assert {k: made[k] for k in list(made)[:4]} == {"version": 1, "seed": 7, "points": 4, "max_points": 5}
    assert all(list(e) == FIELDS for e in made["exercises"])
    first, second = made["exercises"]
    assert first | {"seconds": 0} == {
        "name": "conv2d",
        "chapter": "02_convolution",
        "status": "passed",
        "points": 4,
        "max_points": 4,
        "mistake": None,
        "message": right.message,
        "case": None,
        "seconds": 0,
    }
    assert (second["status"], second["points"], second["mistake"]) == ("failed", 0, "ceiling")
    assert second["case"] == wrong.failure.case.label and second["message"].endswith(wrong.mistake.says)
    assert isinstance(first["seconds"], float) and json.loads(json.dumps(made)) == made


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_can_be_written(status):
    made = record([Verdict("f", "01_x", status, 2, "Wörter \ud83d.", 1, seconds=0.25)], 1)
    assert made["exercises"][0]["status"] == status
    assert made["points"] == (2 if status == "passed" else 0)
    assert json.loads(json.dumps(made, allow_nan=False)) == made


def test_nothing_asked_is_an_empty_list():
    assert record([], 3) == {"version": 1, "seed": 3, "points": 0, "max_points": 0, "exercises": []}


def test_values_of_numpy_do_not_get_in():
    made = record([judge("filter_response", lambda p, k: np.float32(3))], 7)
    text = json.dumps(made, allow_nan=False)
    assert json.loads(text)["exercises"][0]["status"] == "failed"
