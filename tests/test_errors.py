"""The tree of user errors keeps its four answers on the way through JSON."""

import pytest

from transfer import errors
from transfer.errors import TransferError

KINDS = [errors.ConfigError, errors.PhotosError, errors.WeightsError, errors.TrainingError, TransferError]


@pytest.mark.parametrize("kind", KINDS)
def test_round_trip(kind: type[TransferError]) -> None:
    error = kind("It broke.", expected="a whole thing", found="two halves", fix="Glue them.")
    again = TransferError.from_dict(error.to_dict())
    assert type(again) is kind
    assert str(again) == str(error) == "It broke.\nExpected: a whole thing\nFound: two halves\nWhat to do: Glue them."


def test_an_unknown_kind_still_speaks() -> None:
    assert str(TransferError.from_dict({"kind": "Later", "what": "New trouble."})) == "New trouble."
