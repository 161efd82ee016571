"""What is recommended after measuring: the most accurate, or the fastest of those that noise does not tell apart."""

import pytest

from transfer.advice.networks import is_better, recommend
from transfer.messages.measurements import NetworkMeasured


def measured(name: str, right: str, speed: float, alpha: float = 1.0) -> NetworkMeasured:
    share = right.count("1") / len(right)
    return NetworkMeasured(
        step=name, seconds=1.0, backbone=name, alpha=alpha, image_size=224, accuracy=share,
        low=max(0.0, share - 0.05), high=min(1.0, share + 0.05), right=right, photos_per_second=speed,
        megabytes=10.0, training_seconds=30.0, features=1280,
    )  # fmt: skip


def test_nothing_measured_nothing_recommended() -> None:
    assert recommend([]) is None


def test_the_only_one_is_taken() -> None:
    found = recommend([measured("VGG16", "10", 5.0)])
    assert found and found.network.backbone == "VGG16" and "only one" in found.reason


def test_a_difference_that_is_more_than_noise_decides() -> None:
    good, bad = measured("VGG16", "1" * 180 + "0" * 20, 5.0), measured("MobileNet", "1" * 140 + "0" * 60, 90.0)
    found = recommend([bad, good])
    assert found and found.network is good and found.alike == (good,)
    assert found.reason == (
        "It is the most accurate: 90.0% right, and the next, MobileNet, 70.0%. That is more than noise."
    )


def test_within_noise_the_faster_one_wins_and_it_is_said() -> None:
    best = measured("VGG16", "1" * 181 + "0" * 19, 5.0)
    fast = measured("MobileNet", "0" * 13 + "1" * 178 + "0" * 9, 90.0)
    slow = measured("VGG19", "1" * 180 + "0" * 20, 4.0)
    found = recommend([slow, best, fast])
    assert found and found.network is fast and set(map(id, found.alike)) == set(map(id, (slow, best, fast)))
    assert "VGG16 was right 1.5 points more often, which is within noise with 200 photos" in found.reason
    assert "90 photos a second against 5" in found.reason
    found = recommend([best, slow])
    assert found and found.network is best and "1 other is within noise of it but slower" in found.reason


def test_too_few_photos_to_tell_them_apart_leave_it_to_what_is_known() -> None:
    known, fast = measured("EfficientNetLite2", "1101", 20.0), measured("MobileNetV2", "1111", 90.0, alpha=0.35)
    found = recommend([fast, known])
    assert found and found.network is known and "4 photos are too few to tell 2 of the networks apart" in found.reason


@pytest.mark.parametrize(
    ("one", "other", "better"),
    [
        ("1" * 100, "1" * 100, False),
        ("1" * 100, "1" * 99 + "0", False),
        ("1" * 100, "1" * 90 + "0" * 10, True),
        # Both 20 points apart: where they disagree on half of the photos, it takes more of them to be sure.
        ("10" * 50, "1000" * 25, True),
        ("1" * 340, "0" * 3 + "1" * 337, True),
        ("1" * 320 + "0" * 20, "0" * 18 + "1" * 314 + "0" * 8, False),
        ("1" * 12 + "0" * 8, "0" * 8 + "1" * 8 + "0" * 4, False),
        ("1" * 90 + "0" * 10, "1" * 70 + "0" * 20, True),
        ("1" * 90 + "0" * 10, "1" * 80 + "0" * 10, False),
    ],
)
def test_it_counts_the_photos_that_only_one_of_them_names_right(one: str, other: str, better: bool) -> None:
    assert is_better(measured("a", one, 1.0), measured("b", other, 1.0)) == better
    assert not is_better(measured("b", other, 1.0), measured("a", one, 1.0))
