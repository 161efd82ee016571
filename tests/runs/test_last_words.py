"""What a dead process leaves behind, told to a person."""

from pathlib import Path

import pytest

from transfer.runs.last_words import death_in_words, end_of


def test_the_end_of_a_log(tmp_path: Path) -> None:
    assert end_of(tmp_path / "none") == ""
    (tmp_path / "log").write_text("".join(f"{i}\n" for i in range(9000)))
    assert end_of(tmp_path / "log", 2) == "8998\n8999"


@pytest.mark.parametrize(
    ("exit_code", "log", "said"),
    [
        (None, "", "without saying why"),
        (None, "terminate called after throwing an instance of 'std::bad_alloc'", "memory ran out"),
        (-9, "", "out of memory"),
        (-6, "terminate called after throwing an instance of 'std::bad_alloc'", "memory ran out"),
        (-6, "", "signal 6 (SIGABRT)"),
        (-11, "std::bad_alloc", "signal 11 (SIGSEGV)"),
        (3, "", "exit code 3"),
    ],
)
def test_an_exit_code_in_words(exit_code: int | None, log: str, said: str) -> None:
    assert said in death_in_words(exit_code, "Training", log)
