"""The command line. Exit status: 0 all asked for passed, 1 something did not, 2 it could not be asked."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from autograder import asked, course, exercises
from autograder.worker.client import CannotWork, Worker

app = typer.Typer(
    name="autograder",
    help="Grades the course's exercises on this machine. No network, no account.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

# Typer does not export it, and no longer takes it from click.
_UsageError: Any = typer.BadParameter.__bases__[0]

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME|CHAPTER|FILE]...", help="What to check; all, if left out.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")]


def main() -> None:
    """Run one command; every expected failure is one line and exit status 2."""
    from autograder.grade import MachineFault
    from autograder.workbook import WorkbookError

    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="replace")  # a terminal that has no ✓ gets a question mark
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], standalone_mode=False) or 0)
    except _UsageError as error:
        _fail(f"{error.format_message().rstrip('.')}; see: autograder --help")
    except typer.Abort:
        raise KeyboardInterrupt from None
    except (asked.CannotAsk, exercises.UnknownExercise, WorkbookError, CannotWork) as error:
        _fail(str(error))
    except MachineFault as error:
        _fail(f"this machine could not run the code, which is not the code's fault: {error}; see: autograder doctor")
    except PermissionError as error:
        _fail(f"{error.filename}: no permission; choose a folder that you may write to")
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output, `head` for instance, has gone
        sys.exit(1)
    except OSError as error:  # a name that is too long, a full disk
        _fail(f"{str(error.filename or 'this machine')[:200]}: {error.strerror or error}")


def _fail(line: str) -> None:
    print(f"autograder: {line}", file=sys.stderr)
    sys.exit(2)


@app.command()
def start(
    folder: Annotated[Path | None, typer.Argument(help="Where to; workbook/ if left out.")] = None,
) -> None:
    """Write the learner's notebooks; again after an update: add what is new, keep every answer."""
    from autograder import workbook

    folder = folder or workbook.default()
    troubled = False
    for name, change in workbook.start(folder):
        print(f"{change:>9}  {folder / name}")
        troubled |= change.startswith("unreadable")
    if troubled:
        raise typer.Exit(1)


@app.command()
def status() -> None:
    """Chapters, exercises, points, what next, what to look at again."""
    from autograder.progress import Progress
    from autograder.report import overview

    print("\n".join(overview.status(Progress(asked.workbook()))))


@app.command()
def check(
    what: Names = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Repeat the inputs of an earlier check.")] = None,
    as_json: Json = False,
) -> None:
    """Grade the workbook, or the notebooks and .py files named, in a confined process."""
    with Worker() as worker:
        worker.start()  # loads NumPy beside us
        from autograder.grade import new_seed

        request = asked.resolve(what or [])
        seed = new_seed() if seed is None else seed
        verdicts = _verdicts(request, seed, worker)
        _record(request, verdicts)
    if as_json:
        from autograder.report.record import record

        print(json.dumps(record(verdicts, seed), indent=1))
    else:
        _print(verdicts, seed, brief=len(verdicts) > 1)
    if any(v.status != "passed" for v in verdicts):
        raise typer.Exit(1)


def _verdicts(request: asked.Asked, seed: int, worker: Worker) -> list:
    from autograder.marking import Marker
    from autograder.verdict import Verdict

    marker = Marker(request.files, seed, worker)
    names = request.names or tuple(marker.asked_for())
    lost = [Verdict(path.name, "", "error", 0, why, seed) for path, why in marker.unreadable.items()]
    if not names and not lost:
        files = ", ".join(str(f) for f in request.files)
        raise asked.CannotAsk(f"{files}: no exercise of the course is defined there{_nearly(marker)}")
    return [*(marker.verdict(name) for name in names), *(lost if not names else [])]


def _nearly(marker) -> str:
    for submission in marker.submissions:
        for name in sorted(submission.defined):
            close = exercises.closest(name, course.exercise_chapters())
            if close:
                return f"; is {name} meant to be {close}?"
    return "; see: autograder list"


def _record(request: asked.Asked, verdicts: Sequence) -> None:
    if request.workbook is None:
        return
    from autograder.progress import Progress

    progress = Progress(request.workbook)
    for v in verdicts:
        if v.chapter:
            progress.record(v.name, v.status, v.mistake_id, v.points, v.seed, "worker")


def _print(verdicts: Sequence, seed: int, brief: bool) -> None:
    from autograder.report import overview, text

    for verdict in verdicts:
        if brief and verdict.status in ("passed", "not_started", "missing"):
            print(next(text.lines(verdict, "")))
            continue
        hint = f"A hint: autograder hint {verdict.name}" if verdict.chapter else None
        print("\n".join(text.lines(verdict, f"The same inputs again: --seed {seed}", hint)))
    print(overview.total(verdicts))


@app.command()
def watch() -> None:
    """Check what changed, at each save; Ctrl-C ends it."""
    from autograder import watching
    from autograder.grade import new_seed

    folder = asked.workbook()
    with Worker() as worker:
        worker.start()
        print(f"Watching {folder}. Save a notebook to have it checked; Ctrl-C ends this.", flush=True)
        for request in watching.changes(folder):
            seed = new_seed()
            verdicts = _verdicts(request, seed, worker)
            _record(request, verdicts)
            _print(verdicts, seed, brief=False)
            sys.stdout.flush()


@app.command()
def hint(name: str) -> None:
    """One more hint at a time."""
    from autograder import interactive

    interactive.hint(name, again="autograder hint {0}", whole="autograder solution {0}")


@app.command()
def solution(name: str) -> None:
    """The reference implementation."""
    from autograder import interactive

    interactive.solution(name)


@app.command()
def reset(what: Annotated[str, typer.Argument(metavar="NAME|CHAPTER")]) -> None:
    """Back to the stub; the old answer is kept."""
    from autograder import workbook

    done = workbook.reset(asked.workbook(), _exercise_or_chapter(what))
    listed = ", ".join(done.exercises)
    if done.backup is None:
        print(f"{done.notebook}: {listed} already at the stub; nothing was changed")
    else:
        print(f"{done.notebook}: {listed} back to the stub; `autograder restore {what}` brings your answer back")
    _also_elsewhere(done)


@app.command()
def restore(what: Annotated[str | None, typer.Argument(metavar="[NAME|CHAPTER]")] = None) -> None:
    """Bring back what the last reset replaced."""
    from autograder import workbook

    done = workbook.restore(asked.workbook(), _exercise_or_chapter(what) if what else None)
    listed = ", ".join(done.exercises)
    if done.backup is None:
        print(f"{done.notebook}: {listed} as before; nothing was changed")
    else:
        print(f"{done.notebook}: your answer to {listed} is back; `autograder restore` again undoes this")
    _also_elsewhere(done)


def _also_elsewhere(done) -> None:
    for name, cell in done.elsewhere:
        print(f"{done.notebook}: cell {cell} defines {name} too and was left alone; the last definition counts")


def _exercise_or_chapter(word: str) -> str:
    names = asked.named(word)
    return word if word in names else course.exercise_chapters()[names[0]].name


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Every exercise: chapter, name, signature, points, minutes."""
    from autograder.report import overview

    print(json.dumps(overview.catalogue(), indent=1) if as_json else "\n".join(overview.listing()))


@app.command()
def doctor() -> None:
    """What this machine has: versions, GPU, confinement layers, data."""
    from autograder import machine

    print("\n".join(machine.report()))
