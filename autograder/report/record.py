"""Verdicts -> the one JSON object that every other format is made from; documented in the book."""

from collections.abc import Sequence

from autograder.verdict import Verdict

VERSION = 1


def record(verdicts: Sequence[Verdict], seed: int) -> dict:
    """The object of ``--json``, of plain Python numbers, strings and lists."""
    return {
        "version": VERSION,
        "seed": seed,
        "points": sum(v.points for v in verdicts),
        "max_points": sum(v.max_points for v in verdicts),
        "exercises": [_exercise(v) for v in verdicts],
    }


def _exercise(verdict: Verdict) -> dict:
    return {
        "name": verdict.name,
        "chapter": verdict.chapter,
        "status": verdict.status,
        "points": verdict.points,
        "max_points": verdict.max_points,
        "mistake": verdict.mistake_id,
        "message": f"{verdict.message} {verdict.mistake.says}" if verdict.mistake else verdict.message,
        "case": verdict.failure.case.label if verdict.failure else None,
        "seconds": round(verdict.seconds, 6),
    }
