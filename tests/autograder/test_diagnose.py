"""A mistake is named only where it explains everything that was seen."""

from autograder import exercises, grade
from autograder.compare import tolerance
from autograder.diagnose import diagnose
from autograder.worker.apply import apply
from autograder.worker.job import Call

EXERCISE = exercises.find("correlate2d")


def named(implementation, seed=2):
    tried = grade.cases(EXERCISE, seed)
    calls = [Call(case.driver, case.inputs) for case in tried]
    expected = [apply(EXERCISE.reference, call) for call in calls]
    atols = [
        tolerance(e.arrays["out"], case.inputs, case.terms, float(EXERCISE.size(case.inputs).max()))
        for e, case in zip(expected, tried, strict=True)
    ]
    return diagnose(EXERCISE, calls, [apply(implementation, call) for call in calls], atols)


def wrong(mistake):
    return next(m.wrong for m in EXERCISE.mistakes if m.id == mistake)


def test_each_mistake_explains_itself():
    for mistake in EXERCISE.mistakes:
        assert named(mistake.wrong) is mistake


def test_the_right_answer_is_no_mistake():
    assert named(EXERCISE.reference) is None


def test_a_mistake_that_agrees_on_the_failures_alone_is_not_named():
    def only_with_stride(image, kernel, stride=1, padding=0):
        chosen = wrong("flipped-kernel") if stride > 1 else EXERCISE.reference
        return chosen(image, kernel, stride, padding)

    assert named(only_with_stride) is None


def test_two_mistakes_at_once_are_not_called_by_one_name():
    def both(image, kernel, stride=1, padding=0):
        return wrong("flipped-kernel")(image, kernel, 1, padding)

    assert named(both) is None


def test_another_style_of_the_same_mistake_is_named():
    def by_hand(image, kernel, stride=1, padding=0):
        return EXERCISE.reference(image[::-1, ::-1], kernel, 1, padding)[::-1, ::-1]

    assert named(by_hand) is None  # flipped, and the stride ignored

    def mean(image, kernel, stride=1, padding=0):
        return EXERCISE.reference(image, kernel / kernel.dtype.type(kernel.size), stride, padding)

    assert named(mean).id == "mean"


def test_an_exception_is_not_mistaken_for_a_mistake_that_returns():
    assert named(lambda *_: 1 / 0) is None
