import errno
import json
import os
import random
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_course import DEFAULT, NAMES, TinyCourse, exercise, text

from autograder import course, workbook
from autograder.workbook import WorkbookError, backups, files, ipynb, merge

NOTEBOOK = "02_convolution.ipynb"
ANSWER = "def conv2d_macs(*sizes):\n    return 'answer'"


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    return TinyCourse(tmp_path, monkeypatch)


@pytest.fixture
def folder(tmp_path, tiny):
    made = tmp_path / "workbook"
    assert workbook.start(made) == [(NOTEBOOK, "new")]
    return made


def load(folder):
    return json.loads((folder / NOTEBOOK).read_text(encoding="utf-8"))


def save(folder, notebook):
    (folder / NOTEBOOK).write_text(json.dumps(notebook, indent=1), encoding="utf-8")


def cell(notebook, identity):
    return next(each for each in notebook["cells"] if each.get("id") == identity)


def sources(folder):
    return [merge.source(each) for each in load(folder)["cells"]]


def answer(folder, name="conv2d_macs", source=ANSWER):
    notebook = load(folder)
    cell(notebook, f"stub-{name}")["source"] = source
    done = {"output_type": "stream", "name": "stdout", "text": "passed"}
    cell(notebook, f"check-{name}").update(outputs=[done], execution_count=3)
    save(folder, notebook)


def added(source, kind="code"):
    extra = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "id": f"mine-{abs(hash(source))}", "metadata": {}, "source": source} | extra


# --- where it is -----------------------------------------------------------------------------------------------------


def test_the_environment_names_the_workbook_or_says_that_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv(workbook.VARIABLE, str(tmp_path / "x"))
    assert workbook.locate() == tmp_path / "x"
    monkeypatch.setenv(workbook.VARIABLE, "")
    assert workbook.locate() is None


def test_the_nearest_workbook_upwards_is_found(monkeypatch, tmp_path, folder):
    monkeypatch.delenv(workbook.VARIABLE, raising=False)
    monkeypatch.setattr(course, "ROOT", tmp_path / "elsewhere")
    inside = folder / "a" / "b"
    inside.mkdir(parents=True)
    for place in (folder, inside, tmp_path):  # tmp_path has it as its child workbook/
        monkeypatch.chdir(place)
        assert workbook.locate() == folder
    monkeypatch.setattr(course, "ROOT", tmp_path)
    monkeypatch.chdir("/")
    assert workbook.locate() == folder
    monkeypatch.setattr(course, "ROOT", tmp_path / "elsewhere")
    assert workbook.locate() is None


def test_finding_the_workbook_imports_nothing_heavy():
    code = "import sys; from autograder import workbook; workbook.locate(); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "nbformat", "jupytext", "yaml", "sqlite3", "difflib"} & set(modules)


# --- start -----------------------------------------------------------------------------------------------------------


def test_the_first_start_writes_valid_notebooks_and_the_second_changes_nothing(folder):
    nbformat.validate(nbformat.read(folder / NOTEBOOK, as_version=4))
    before = (folder / NOTEBOOK).read_bytes()
    assert workbook.start(folder) == [(NOTEBOOK, "unchanged")]
    assert (folder / NOTEBOOK).read_bytes() == before
    assert not (folder / ".autograder" / "backups").exists()


def test_answers_additions_and_outputs_survive_an_update(tiny, folder):
    answer(folder)
    notebook = load(folder)
    place = notebook["cells"].index(cell(notebook, "check-conv2d_macs"))
    notebook["cells"].insert(place + 1, added("my experiment"))
    save(folder, notebook)
    old = (folder / NOTEBOOK).read_bytes()
    tiny.write(
        text("Intro, better.\n", "A new paragraph.\n", *map(exercise, NAMES), "## New\n\nNews.\n\n## The end\n\nBye.\n")
    )
    assert workbook.start(folder) == [(NOTEBOOK, "updated")]
    said = sources(folder)
    assert ANSWER in said and said[said.index("conv2d_macs = check(conv2d_macs)") + 1] == "my experiment"
    assert "# Tiny\n\nIntro, better.\n\nA new paragraph." in said and not any(s.endswith("Intro.") for s in said)
    assert said.index("## New\n\nNews.") == said.index("## The end\n\nBye.") - 1
    assert cell(load(folder), "check-conv2d_macs")["outputs"][0]["text"] == "passed"
    assert next(backups.newest_first(folder)).content == old
    assert workbook.start(folder) == [(NOTEBOOK, "unchanged")]


def test_an_untouched_stub_follows_the_update_and_a_touched_one_is_offered_the_new_text(tiny, folder):
    answer(folder)
    tiny.write(DEFAULT.replace("raise NotImplementedError", "raise NotImplementedError  # newer"))
    workbook.start(folder)
    said = sources(folder)
    assert "# newer" in merge.source(cell(load(folder), "stub-conv2d_parameters"))
    assert ANSWER in said
    offer = said[said.index(ANSWER) + 1]
    assert offer.startswith("**An update changed the stub of `conv2d_macs`.**") and "# newer" in offer
    nbformat.validate(nbformat.read(folder / NOTEBOOK, as_version=4))
    assert workbook.start(folder) == [(NOTEBOOK, "unchanged")]
    assert sources(folder) == said


def test_what_the_update_drops_goes_only_if_untouched(tiny, folder):
    answer(folder)
    tiny.write(text("Intro.\n"))
    workbook.start(folder)
    assert sources(folder) == ["# Tiny\n\nIntro.", ANSWER]


def test_a_cell_that_the_learner_removed_stays_away(tiny, folder):
    notebook = load(folder)
    notebook["cells"] = [each for each in notebook["cells"] if "Bye." not in merge.source(each)]
    save(folder, notebook)
    assert workbook.start(folder) == [(NOTEBOOK, "unchanged")]
    tiny.write(DEFAULT.replace("Intro.", "Hello."))
    assert workbook.start(folder) == [(NOTEBOOK, "updated")]
    assert not any("Bye." in source for source in sources(folder))


def test_cells_that_the_learner_moved_stay_where_they_put_them(tiny, folder):
    notebook = load(folder)
    notebook["cells"].insert(0, notebook["cells"].pop())
    save(folder, notebook)
    tiny.write(DEFAULT + "\n## More\n\nMore.\n")
    workbook.start(folder)
    said = sources(folder)
    assert said[0] == "## The end\n\nBye." and said[1] == "## More\n\nMore."


@pytest.mark.parametrize("based", [True, False])
def test_an_editor_that_drops_ids_costs_no_answer(tiny, folder, based):
    answer(folder)
    notebook = load(folder)
    notebook["cells"].insert(0, added("mine", "markdown"))
    for each in notebook["cells"]:
        del each["id"]
    notebook["nbformat_minor"] = 4
    save(folder, notebook)
    if not based:
        (folder / ".autograder" / "base" / NOTEBOOK).unlink()
    tiny.write(DEFAULT.replace("Bye.", "Good bye."))
    workbook.start(folder)
    said = sources(folder)
    assert said[0] == "mine" and said.count(ANSWER) == 1 and "## The end\n\nGood bye." in said or not based
    assert sum("def conv2d_macs" in source for source in said) == 1, "a stub after the answer would count instead"
    nbformat.validate(nbformat.read(folder / NOTEBOOK, as_version=4))


def test_a_stub_does_not_come_back_where_the_answer_stands_in_another_cell(tiny, folder):
    notebook = load(folder)
    notebook["cells"].remove(cell(notebook, "stub-conv2d_macs"))
    notebook["cells"].insert(0, added(f"import math\n\n{ANSWER}"))
    save(folder, notebook)
    tiny.write(DEFAULT.replace("raise NotImplementedError", "raise NotImplementedError  # newer"))
    workbook.start(folder)
    code = [merge.source(each) for each in load(folder)["cells"] if each["cell_type"] == "code"]
    assert sum("def conv2d_macs" in source for source in code) == 1


def test_tags_and_images_follow_the_update_and_outputs_stay(tiny, folder):
    tiny.write(text("```{code-cell}\nplot()\n```\n"))
    workbook.start(folder)
    notebook = load(folder)
    notebook["cells"][-1] |= {"outputs": [{"output_type": "stream", "name": "stdout", "text": "x"}]}
    notebook["cells"][-1]["metadata"]["collapsed"] = True
    save(folder, notebook)
    tiny.write(text("```{code-cell}\n:tags: [hide-input]\nplot()\n```\n"))
    workbook.start(folder)
    last = load(folder)["cells"][-1]
    assert last["outputs"] and last["metadata"]["tags"] == ["hide-input"] and last["metadata"]["collapsed"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"{", "not JSON (line 1)"),
        (b'{\n<<<<<<< ours\n "cells": []\n=======\n>>>>>>> theirs\n}', "git's conflict marks in line 2"),
        (b"[]", "not a notebook"),
        (b'{"cells": 3, "nbformat": 4}', "not a notebook"),
        (b'{"worksheets": [], "nbformat": 3}', "nbformat 4"),
        (b"\xff\xfe", "not UTF-8 at byte 0"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_an_unreadable_notebook_is_reported_and_never_touched(folder, content, why):
    (folder / NOTEBOOK).write_bytes(content)
    [(name, said)] = workbook.start(folder)
    assert name == NOTEBOOK and said.startswith("unreadable: ") and why in said
    with pytest.raises(WorkbookError, match="cannot be read"):
        workbook.reset(folder, "conv2d_macs")
    assert (folder / NOTEBOOK).read_bytes() == content


def test_half_a_character_in_an_output_survives(tiny, folder):
    notebook = load(folder)
    notebook["cells"].append(added("x = '\ud800'"))
    save(folder, notebook)
    tiny.write(DEFAULT.replace("Bye.", "Ciao."))
    assert workbook.start(folder) == [(NOTEBOOK, "updated")]
    assert workbook.start(folder) == [(NOTEBOOK, "unchanged")]
    assert "x = '\ud800'" in sources(folder)


def test_a_save_in_the_editor_while_we_merge_is_not_lost(tiny, folder, monkeypatch):
    tiny.write(DEFAULT.replace("Bye.", "Ciao."))
    real, saved = backups.save, []

    def slow(*arguments):
        kept = real(*arguments)
        if not saved:
            saved.append(answer(folder))
        return kept

    monkeypatch.setattr(backups, "save", slow)
    assert workbook.start(folder) == [(NOTEBOOK, "updated")]
    assert ANSWER in sources(folder) and "## The end\n\nCiao." in sources(folder)


# --- the merge, for any edits ----------------------------------------------------------------------------------------

TEXTS = st.text("abc \n", max_size=6)
CELLS = st.lists(st.tuples(st.sampled_from(["code", "markdown"]), TEXTS), max_size=6)


def make(cells, ids):
    return [
        {"cell_type": kind, "metadata": {}, "source": source} | ({"id": f"{ids}{i}"} if ids else {})
        for i, (kind, source) in enumerate(cells)
    ]


@st.composite
def edited(draw, cells, ids):
    """The cells after some edits, removals, moves and additions."""
    out = []
    for each in cells:
        what = draw(st.sampled_from(["keep", "keep", "edit", "remove", "insert", "duplicate"]))
        if what == "edit":
            out.append(each | {"source": draw(TEXTS)})
        elif what != "remove":
            out.append(each)
        if what == "insert":
            out += make([(draw(st.sampled_from(["code", "markdown"])), draw(TEXTS))], draw(st.sampled_from(["n", ids])))
        if what == "duplicate":
            out.append(dict(each))
    if draw(st.booleans()):
        out = draw(st.permutations(out))
    if draw(st.booleans()):
        out = [{key: value for key, value in each.items() if key != "id"} for each in out]
    return out


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_interleaving_of_edits_and_updates_loses_text_of_the_learner(data):
    base = make(data.draw(CELLS), "b")
    ours = data.draw(edited(base, "b"))
    theirs = data.draw(edited(base, "b"))
    merged = merge.merge(base if data.draw(st.booleans()) else [], ours, theirs)
    for each in ours:
        if not any(merge.same(each, given_cell) for given_cell in base):
            assert any(each["source"] == kept["source"] for kept in merged)
    ids = [each["id"] for each in merged]
    assert len(set(ids)) == len(ids)
    assert merge.alike(merge.merge(theirs, merged, theirs), merged), "a second start changes nothing"


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_without_edits_an_update_gives_the_new_notebook(data):
    base = make(data.draw(CELLS), "b")
    theirs = merge.unique_ids(data.draw(edited(base, "b")))
    merged = merge.merge(base, base, theirs)
    assert len(merged) == len(theirs) and all(map(merge.same, merged, theirs))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_without_an_update_the_learners_notebook_stays_as_it_is(data):
    base = make(data.draw(CELLS), "b")
    ours = data.draw(edited(base, "b"))
    assert merge.alike(merge.merge(base, ours, base), ours)


# --- reset and restore -----------------------------------------------------------------------------------------------


def test_a_reset_puts_the_stub_back_and_a_restore_the_answer_and_so_on(folder):
    answer(folder)
    before = load(folder)["cells"]
    done = workbook.reset(folder, "conv2d_macs")
    assert (done.notebook, done.exercises) == (NOTEBOOK, ("conv2d_macs",)) and done.backup.is_dir()
    assert "NotImplementedError" in merge.source(cell(load(folder), "stub-conv2d_macs"))
    assert cell(load(folder), "check-conv2d_macs")["outputs"] == []
    stubbed = load(folder)["cells"]
    for _ in range(2):
        workbook.restore(folder, "conv2d_macs")
        assert merge.alike(load(folder)["cells"], before)
        workbook.restore(folder)
        assert merge.alike(load(folder)["cells"], stubbed)


def test_a_reset_leaves_all_other_cells_alone_and_a_restore_what_was_done_since(folder):
    answer(folder)
    workbook.reset(folder, "conv2d_macs")
    answer(folder, "conv2d_parameters", "def conv2d_parameters(): since")
    workbook.restore(folder, "conv2d_macs")
    assert ANSWER in sources(folder) and "def conv2d_parameters(): since" in sources(folder)


@pytest.mark.parametrize("name", ["02_convolution", "convolution", "2", "02", NOTEBOOK])
def test_a_chapter_can_be_reset_as_a_whole_and_one_answer_brought_back(folder, name):
    answer(folder)
    answer(folder, "conv2d_parameters", "def conv2d_parameters(): mine")
    assert workbook.reset(folder, name).exercises == NAMES
    assert not any("mine" in source or source == ANSWER for source in sources(folder))
    workbook.restore(folder, "conv2d_macs")
    assert ANSWER in sources(folder) and "def conv2d_parameters(): mine" not in sources(folder)


def test_a_second_reset_of_a_stub_does_not_hide_the_answer(folder):
    answer(folder)
    workbook.reset(folder, "conv2d_macs")
    assert workbook.reset(folder, "conv2d_macs").backup is None
    notebook = load(folder)
    cell(notebook, "check-conv2d_macs")["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "not started"}
    ]
    save(folder, notebook)
    workbook.reset(folder, "conv2d_macs")
    workbook.restore(folder, "conv2d_macs")
    assert ANSWER in sources(folder)


def test_a_removed_stub_comes_back_at_its_place(folder):
    notebook = load(folder)
    notebook["cells"].remove(cell(notebook, "stub-conv2d_macs"))
    save(folder, notebook)
    workbook.reset(folder, "conv2d_macs")
    ids = [each["id"] for each in load(folder)["cells"]]
    assert ids.index("stub-conv2d_macs") == ids.index("check-conv2d_macs") - 1
    workbook.restore(folder, "conv2d_macs")
    assert "stub-conv2d_macs" not in [each["id"] for each in load(folder)["cells"]]


def test_other_definitions_are_left_alone_and_named(folder):
    notebook = load(folder)
    notebook["cells"].append(added(ANSWER))
    save(folder, notebook)
    done = workbook.reset(folder, "conv2d_macs")
    assert done.elsewhere == (("conv2d_macs", len(notebook["cells"])),)
    assert ANSWER in sources(folder)


def test_a_reset_finds_the_stub_when_ids_are_gone(folder):
    answer(folder)
    notebook = load(folder)
    for each in notebook["cells"]:
        del each["id"]
    save(folder, notebook)
    workbook.reset(folder, "conv2d_macs")
    assert ANSWER not in sources(folder) and len(sources(folder)) == len(notebook["cells"])


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda f: workbook.reset(f, "conv2d_mac"), "did you mean 'conv2d_macs'?"),
        (lambda f: workbook.restore(f, "nothing like it"), "see: autograder list"),
        (lambda f: workbook.restore(f), "nothing to restore: no reset was made in"),
        (lambda f: workbook.restore(f, "conv2d_macs"), "no reset of conv2d_macs was made"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_line(folder, ask, says):
    with pytest.raises(WorkbookError) as error:
        ask(folder)
    assert says in str(error.value) and "\n" not in str(error.value)


def test_a_lost_notebook_is_brought_back_whole(folder):
    answer(folder)
    workbook.reset(folder, "conv2d_macs")
    (folder / NOTEBOOK).unlink()
    with pytest.raises(WorkbookError, match="run: autograder start"):
        workbook.reset(folder, "conv2d_macs")
    workbook.restore(folder)
    assert ANSWER in sources(folder)


# --- disks and folders -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO])
def test_a_write_that_fails_leaves_the_old_file_and_says_so_in_a_line(tiny, folder, monkeypatch, code):
    answer(folder)
    before = (folder / NOTEBOOK).read_bytes()
    tiny.write(DEFAULT.replace("Bye.", "Ciao."))

    def fail(handle):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(files.os, "fsync", fail)
    for ask in (lambda: workbook.start(folder), lambda: workbook.reset(folder, "conv2d_macs")):
        with pytest.raises(WorkbookError) as error:
            ask()
        assert "\n" not in str(error.value) and str(folder) in str(error.value)
    assert (folder / NOTEBOOK).read_bytes() == before
    assert not list(folder.rglob("*.autograder-tmp"))


def test_a_file_in_the_place_of_the_workbook_is_named(tiny, tmp_path):
    (tmp_path / "taken").write_text("x")
    with pytest.raises(WorkbookError, match="is a file, not a folder"):
        workbook.start(tmp_path / "taken")
    with pytest.raises(WorkbookError, match="autograder start DIR"):
        workbook.start(tmp_path / "taken" / "below")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_named(tiny, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o555)
    with pytest.raises(WorkbookError, match="cannot be written"):
        workbook.start(tmp_path / "locked")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_is_followed_and_a_dangling_one_named(tiny, tmp_path, folder):
    (tmp_path / "link").symlink_to(folder)
    assert workbook.start(tmp_path / "link") == [(NOTEBOOK, "unchanged")]
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(WorkbookError, match="which is not there; remove the link"):
        workbook.start(tmp_path / "dangling")
    kept = tmp_path / "kept.ipynb"
    (folder / NOTEBOOK).rename(kept)
    (folder / NOTEBOOK).symlink_to(kept)
    tiny.write(DEFAULT.replace("Bye.", "Ciao."))
    workbook.start(folder)
    assert (folder / NOTEBOOK).is_symlink() and "Ciao." in kept.read_text(encoding="utf-8")


def test_names_of_backups_are_good_on_every_system(folder):
    answer(folder)
    kept = workbook.reset(folder, "conv2d_macs").backup
    assert not set(kept.name) & set('<>:"/\\|?* ')


def test_leftovers_of_a_killed_process_are_swept(folder):
    old, new = (folder / f".{name}.autograder-tmp" for name in ("old", "new"))
    for path in (old, new):
        path.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    workbook.start(folder)
    assert not old.exists() and new.exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("work", ["start", "reset"])
def test_kill_9_at_any_moment_loses_no_answer(tiny, folder, work):
    answer(folder)
    versions = [DEFAULT, DEFAULT.replace("Bye.", "Ciao. " * 2000)]
    chance = random.Random(0)

    def loop():
        for turn in range(10**6):
            if work == "start":
                tiny.write(versions[turn % 2])
                workbook.start(folder)
            else:
                (workbook.reset if turn % 2 == 0 else workbook.restore)(folder, "conv2d_macs")

    for _ in range(25):
        child = os.fork()
        if child == 0:
            try:
                loop()
            finally:
                os._exit(1)
        time.sleep(chance.uniform(0.0, 0.08))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        notebook = ipynb.parse((folder / NOTEBOOK).read_bytes())
        held = [merge.source(each) for each in notebook["cells"]]
        kept = [json.loads(each.content) for each in backups.newest_first(folder)]
        held_before = [merge.source(each) for notebook in kept[:3] for each in notebook["cells"]]
        assert ANSWER in held or work == "reset" and ANSWER in held_before
        # What each round leaves behind would slow down the next ones.
        for each in list(backups.newest_first(folder))[5:]:
            for path in each.folder.iterdir():
                path.unlink()
            each.folder.rmdir()
    tiny.write(DEFAULT)
    workbook.start(folder)
    assert workbook.start(folder) == [(NOTEBOOK, "unchanged")]
    if ANSWER not in sources(folder):
        workbook.restore(folder, "conv2d_macs")
    assert sources(folder).count(ANSWER) == 1


def test_an_installed_course_starts_its_workbook_here_and_a_checkout_in_itself(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(course, "ROOT", tmp_path / "site-packages")
    assert workbook.default() == tmp_path / "workbook"
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout" / "pyproject.toml").write_text("")
    monkeypatch.setattr(course, "ROOT", tmp_path / "checkout")
    assert workbook.default() == tmp_path / "checkout" / "workbook"
