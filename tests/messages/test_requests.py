"""Requests come back from their line, and a control that only a newer version has is passed over."""

from transfer.messages.requests import Request, Stop


def test_a_request_comes_back_as_it_was() -> None:
    assert Request.from_dict(Stop(time=3.0).to_dict()) == Stop(time=3.0)


def test_a_newer_control_is_passed_over() -> None:
    assert Request.from_dict({"request": "dream", "time": 3.0}) is None
