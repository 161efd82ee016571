"""The decoder: every kind of photo file, whole and broken, becomes the pixels people see or plain words."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from tests.dataset.pictures import bomb, corners, noise, quarters
from transfer.dataset import photo
from transfer.dataset.photo import EXTENSIONS, MOST_PIXELS, open_photo, read_photo

UPRIGHT = ["red", "green", "blue", "white"]

# Pillow's remarks about damaged files; the decoder silences them, but pytest brings them back.
pytestmark = pytest.mark.filterwarnings("ignore::Warning:PIL")

# What a camera that was held like this writes into the file, for the photo to be upright once it is undone.
HELD: dict[int, Callable[[Image.Image], Image.Image]] = {
    1: lambda image: image,
    2: lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
    4: lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
    7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
    8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
}


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("orientation", HELD)
def test_photos_are_upright_however_the_camera_was_held(tmp_path: Path, orientation: int, ending: str) -> None:
    path = tmp_path / f"held{ending}"
    HELD[orientation](corners()).save(path, exif=turned(orientation))
    assert open_photo(path).size == (64, 48) and quarters(open_photo(path)) == UPRIGHT
    assert quarters(open_photo(path, at_least=16)) == UPRIGHT
    assert quarters(Image.fromarray(read_photo(path, 32))) == UPRIGHT


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_heic_is_upright(tmp_path: Path, orientation: int) -> None:
    pytest.importorskip("pillow_heif")
    path = tmp_path / "phone.HEIC"
    HELD[orientation](corners()).save(path, format="HEIF", exif=turned(orientation).tobytes(), quality=95)
    assert (b"irot" in path.read_bytes()) == (orientation != 1)  # as a phone writes it: turned in the container too
    assert quarters(open_photo(path)) == UPRIGHT and open_photo(path).mode == "RGB"


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_orientation_that_does_not_exist_turns_nothing(tmp_path: Path, orientation: int) -> None:
    corners().save(tmp_path / "odd.jpg", exif=turned(orientation))
    assert quarters(open_photo(tmp_path / "odd.jpg")) == UPRIGHT


def test_damaged_metadata_is_no_reason_to_refuse_a_photo(tmp_path: Path) -> None:
    corners().save(tmp_path / "odd.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff broken")
    assert quarters(open_photo(tmp_path / "odd.jpg")) == UPRIGHT


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".bmp", ".gif", ".tif", ".mpo"])
def test_every_format_of_colour_photos(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"photo{ending}"
    corners().save(path)
    assert ending in EXTENSIONS
    assert open_photo(path).mode == "RGB" and quarters(open_photo(path)) == UPRIGHT


def test_of_two_pictures_in_a_camera_s_mpo_the_first_counts(tmp_path: Path) -> None:
    path = tmp_path / "stereo.jpg"
    corners(640, 480).save(path, format="MPO", save_all=True, append_images=[Image.new("RGB", (640, 480))])
    assert quarters(open_photo(path)) == UPRIGHT and quarters(open_photo(path, at_least=32)) == UPRIGHT


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA"])
def test_grey_black_and_white_and_palette(tmp_path: Path, mode: str) -> None:
    ramp = Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (8, 1)))
    ramp.convert(mode).save(tmp_path / "grey.png")
    pixels = np.asarray(open_photo(tmp_path / "grey.png")).astype(int)
    assert pixels.shape == (8, 256, 3) and (pixels[..., 0] == pixels[..., 2]).all()
    assert pixels[:, :64].mean() < 70 and pixels[:, 192:].mean() > 180


@pytest.mark.parametrize(("ending", "order"), [(".png", "<u2"), (".tif", "<u2"), (".tif", ">u2")])
def test_sixteen_bits_become_eight_without_clipping(tmp_path: Path, ending: str, order: str) -> None:
    deep = np.tile(np.arange(0, 65536, 257, dtype=np.uint16), (4, 1))
    path = tmp_path / f"deep{ending}"
    if order == ">u2":
        Image.frombytes("I;16B", (256, 4), deep.astype(order).tobytes()).save(path)
    else:
        Image.fromarray(deep).save(path)
    pixels = np.asarray(open_photo(path))
    assert (pixels[0, :, 0] == np.arange(256)).all()


def test_sixteen_bit_colour(tmp_path: Path) -> None:
    """Written by hand, for Pillow writes none: 16 bits per channel, each pixel (255, 128, 0)."""
    path = tmp_path / "deep.tif"
    samples = np.tile(np.array([65535, 128 * 257, 0], "<u2"), 6).tobytes()
    tags = {256: (4, 3), 257: (4, 2), 258: (3, 16), 259: (3, 1), 262: (3, 2), 277: (3, 3), 278: (4, 2)}
    tags |= {273: (4, 200), 279: (4, len(samples)), 284: (3, 1)}
    head = b"II*\0" + (8).to_bytes(4, "little") + len(tags).to_bytes(2, "little")
    for tag, (kind, value) in sorted(tags.items()):
        count, field = (1, value.to_bytes(4, "little")) if tag != 258 else (3, (180).to_bytes(4, "little"))
        head += tag.to_bytes(2, "little") + kind.to_bytes(2, "little") + count.to_bytes(4, "little") + field
    content = (head + bytes(4)).ljust(180, b"\0") + np.array([16, 16, 16], "<u2").tobytes()
    path.write_bytes(content.ljust(200, b"\0") + samples)
    assert (np.asarray(open_photo(path)) == (255, 128, 0)).all()


def test_fractions_and_large_whole_numbers(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (4, 1))
    ramp[0, 0] = np.nan
    Image.fromarray(ramp).save(tmp_path / "f.tif")
    Image.fromarray((np.nan_to_num(ramp) * 60_000).astype(np.int32)).save(tmp_path / "i.tif")
    for name in ("f.tif", "i.tif"):
        values = np.asarray(open_photo(tmp_path / name)).astype(int)[0, :, 0]
        assert values[0] == 0 and values[-1] > 200 and (np.diff(values) >= 0).all()


def test_cmyk_jpeg(tmp_path: Path) -> None:
    corners().convert("CMYK").save(tmp_path / "print.jpg", quality=95)
    for at_least in (None, 16):
        assert quarters(open_photo(tmp_path / "print.jpg", at_least)) == UPRIGHT


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    clear.paste((200, 0, 0, 255), (0, 0, 4, 8))
    clear.save(tmp_path / "rgba.png")
    clear.save(tmp_path / "rgba.webp", lossless=True)
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([0, 0, 0, 200, 0, 0])
    palette.paste(1, (0, 0, 4, 8))
    palette.save(tmp_path / "one.png", transparency=0)
    palette.save(tmp_path / "many.png", transparency=bytes([0, 255]))
    palette.save(tmp_path / "one.gif", transparency=0)
    for path in sorted(tmp_path.iterdir()):
        image = open_photo(path)
        assert image.getpixel((1, 4)) == (200, 0, 0), path.name
        assert image.getpixel((6, 4)) == (255, 255, 255), path.name


def test_transparent_colour_of_a_sixteen_bit_grey_png(tmp_path: Path) -> None:
    deep = np.full((8, 8), 30_000, np.uint16)
    deep[:, 4:] = 1
    Image.fromarray(deep).save(tmp_path / "deep.png", transparency=1)
    image = open_photo(tmp_path / "deep.png")
    assert image.getpixel((6, 4)) == (255, 255, 255) and image.getpixel((1, 4)) == (117, 117, 117)


@pytest.mark.parametrize("ending", [".gif", ".webp", ".png"])
def test_of_an_animation_the_first_picture_counts(tmp_path: Path, ending: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue", "lime")]
    path = tmp_path / f"moving{ending}"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=50, lossless=True)
    red, green, blue = open_photo(path).getpixel((8, 8))  # type: ignore[misc]
    assert red > 200 and green < 50 and blue < 50


def test_the_whole_photo_is_squashed_to_the_square(tmp_path: Path) -> None:
    corners(200, 40).save(tmp_path / "wide.png")
    pixels = read_photo(tmp_path / "wide.png", 24)
    assert pixels.shape == (24, 24, 3) and pixels.dtype == np.uint8
    assert quarters(Image.fromarray(pixels)) == UPRIGHT


def test_a_jpeg_read_small_looks_as_one_read_whole(tmp_path: Path) -> None:
    smooth = noise(5, 12, 9).resize((1200, 900), Image.Resampling.BICUBIC)
    smooth.save(tmp_path / "big.jpg", quality=95)
    small = open_photo(tmp_path / "big.jpg", at_least=64)
    assert 64 <= min(small.size) < 200
    whole = np.asarray(smooth.resize((64, 64), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(read_photo(tmp_path / "big.jpg", 64) - whole).mean() < 3


def test_an_open_file_does_as_well_as_a_path(tmp_path: Path) -> None:
    corners().save(tmp_path / "a.jpg")
    content = io.BytesIO((tmp_path / "a.jpg").read_bytes())
    assert np.array_equal(read_photo(content, 32), read_photo(tmp_path / "a.jpg", 32))


# ---------------------------------------------------------------------- what cannot be read


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".gif", ".tif", ".bmp", ".heic"])
def test_a_file_cut_short_is_named_wherever_it_was_cut(tmp_path: Path, ending: str, share: float) -> None:
    if ending == ".heic":
        pytest.importorskip("pillow_heif")
    path = tmp_path / f"cut{ending}"
    noise(1, 120, 90).save(path, **({"format": "HEIF"} if ending == ".heic" else {}))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    for at_least in (None, 16):
        with pytest.raises((OSError, ValueError), match=r"cut short|damaged|known kind"):
            open_photo(path, at_least)


def test_a_progressive_jpeg_cut_short(tmp_path: Path) -> None:
    noise(1, 400, 300).save(tmp_path / "cut.jpg", progressive=True)
    content = (tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(content[: len(content) // 2])
    with pytest.raises(OSError, match="cut short"):
        open_photo(tmp_path / "cut.jpg", at_least=32)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (bytes(5000), "only zeros"),
        (b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "web page"),
        (b"\n  <html>Please log in</html>", "web page"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "web page or drawing"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n", "drawing"),
        (b"just some text", "not a photo of a known kind"),
        (b"\xff\xd8\xff\xe0", "starts like a JPEG"),
        (b"%PDF-1.7 something", "not a photo of a known kind"),
    ],
)
def test_what_is_no_photo_is_called_what_it_is(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    for what in (path, io.BytesIO(content)):
        with pytest.raises((OSError, ValueError), match=reason) as caught:
            open_photo(what)
        assert "\n" not in str(caught.value) and str(tmp_path) not in str(caught.value)


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for Ghostscript is a shell script")
def test_postscript_called_jpg_never_reaches_ghostscript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = tmp_path / "called"
    (tmp_path / "gs").write_text(f"#!/bin/sh\necho $* >> {called}\n")
    (tmp_path / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)  # looked for anew
    noise(1, 64, 48).save(tmp_path / "eps.jpg", format="EPS")
    assert (tmp_path / "eps.jpg").read_bytes().startswith(b"%!PS-Adobe-3.0 EPSF-3.0")
    with pytest.raises(ValueError, match="drawing"):
        open_photo(tmp_path / "eps.jpg")
    assert not called.exists()


def test_photos_are_decoded_in_one_place_and_opened_in_few_others_for_the_same_formats_only() -> None:
    package = Path(photo.__file__).parents[1]
    opened = [(file, line) for file in package.rglob("*.py") for line in file.read_text("utf-8").splitlines()]
    opened = [(file, line) for file, line in opened if "Image.open(" in line]
    # As others load them; when they were taken; small ones that this program wrote itself.
    assert {file.name for file, _ in opened} == {"photo.py", "loading.py", "groups.py", "heat_picture.py"}
    assert all("formats=FORMATS" in line for _, line in opened)


def test_missing_a_folder_and_not_permitted(ordinary: Path) -> None:
    with pytest.raises(FileNotFoundError, match="not there"):
        open_photo(ordinary / "none.jpg")
    (ordinary / "folder.jpg").mkdir()
    with pytest.raises(IsADirectoryError, match="a folder"):
        open_photo(ordinary / "folder.jpg")
    corners().save(ordinary / "locked.jpg")
    (ordinary / "locked.jpg").chmod(0)
    with pytest.raises(PermissionError, match="no permission"):
        open_photo(ordinary / "locked.jpg")


@pytest.mark.parametrize("side", [15_000, 20_000, 60_000])
def test_a_bomb_is_refused_before_it_unfolds(tmp_path: Path, side: int) -> None:
    bomb(tmp_path / "bomb.png", side, side)
    with pytest.raises(ValueError, match=f"too large .*{MOST_PIXELS // 1_000_000} million pixels"):
        open_photo(tmp_path / "bomb.png")


def test_what_is_held_counts_and_not_only_what_comes_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A JPEG after it was made smaller, unless it has to be held whole; others with what their decoders need."""
    plain, progressive, web = (tmp_path / name for name in ("plain.jpg", "progressive.jpg", "web.webp"))
    noise(5, 400, 300).save(plain)
    noise(5, 400, 300).save(progressive, progressive=True)
    noise(5, 400, 300).save(web)
    monkeypatch.setattr(photo, "MOST_PIXELS", 200 * 150)
    assert open_photo(plain, at_least=100).size == (200, 150)
    for path, at_least in ((plain, None), (progressive, 100), (web, 100)):
        with pytest.raises(ValueError, match="400 x 300 pixels"):
            open_photo(path, at_least)
    monkeypatch.setattr(photo, "MOST_PIXELS", 4 * 400 * 300)
    for path in (plain, progressive, web):
        assert open_photo(path).size == (400, 300)


def test_threads_decode_no_more_at_a_time_than_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        noise(number, 100, 100).save(tmp_path / f"{number}.png")
    at_it, most = threading.Semaphore(8), 0
    rgb = photo._rgb

    def slowly(image: Image.Image, at_least: int | None) -> Image.Image:
        nonlocal most
        with at_it:
            most = max(most, 8 - at_it._value)
            time.sleep(0.02)
        return rgb(image, at_least)

    monkeypatch.setattr(photo, "_rgb", slowly)
    monkeypatch.setattr(photo, "_budget", photo._Budget(25_000))
    with ThreadPoolExecutor(8) as threads:
        read = threads.map(lambda path: read_photo(path, 8), tmp_path.iterdir())
        assert all(each.shape == (8, 8, 3) for each in read)
    assert most == 2


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux how much memory was held")
def test_large_photos_are_checked_one_after_the_other(tmp_path: Path) -> None:
    """Two of 119 megapixels took more than 1.5 GB on four threads; each needs 476 MB."""
    bomb(tmp_path / "0.png", 10_900, 10_900, whole=True)
    shutil.copy(tmp_path / "0.png", tmp_path / "1.png")
    program = [sys.executable, "-m", "tests.dataset.peak", tmp_path]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 700, f"{done.stdout} MB"


ODD_MODES = ("RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "I;16", "I", "F")


@pytest.mark.parametrize("mode", ODD_MODES)
def test_a_large_photo_is_made_smaller_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    smooth = Image.fromarray(np.random.default_rng(1).integers(0, 256, (7, 9, 3), dtype=np.uint8)).resize((613, 407))
    if mode in {"RGBA", "LA"}:
        smooth.putalpha(smooth.convert("L"))
    image = Image.fromarray(np.asarray(smooth.convert("L")).astype(np.uint16) * 257) if mode == "I;16" else smooth
    image = image if image.mode == mode else image.convert(mode)
    image.save(tmp_path / "photo.tif")
    whole = read_photo(tmp_path / "photo.tif", 64)
    monkeypatch.setattr(photo, "_PIECE", 5_000)
    assert (read_photo(tmp_path / "photo.tif", 64) == whole).all(), "what is no large photo stays exactly the same"
    monkeypatch.setattr(photo, "LARGE", 10_000)
    small = open_photo(tmp_path / "photo.tif", at_least=64)
    assert small.size == (205, 136)
    assert np.abs(read_photo(tmp_path / "photo.tif", 64).astype(int) - whole).mean() < (8 if mode == "1" else 2.5)


def test_a_strip_is_made_shorter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo, "LARGE", 1000)
    noise(6, 60_000, 3).save(tmp_path / "strip.png")
    assert open_photo(tmp_path / "strip.png", at_least=8).size == (-(-60_000 // 117), 3)


def test_damaged_data_in_the_middle(tmp_path: Path) -> None:
    noise(3, 200, 200).save(tmp_path / "bad.png")
    content = bytearray((tmp_path / "bad.png").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 200] = bytes(200)
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(OSError, match=r"damaged|cut short"):
        open_photo(tmp_path / "bad.png")


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".gif", ".tif", ".bmp"])
def test_random_damage_never_raises_anything_else(tmp_path: Path, ending: str) -> None:
    """A thousand bytes anywhere in the file, two hundred times: pixels, or an error in words."""
    noise(4, 60, 50).save(tmp_path / f"whole{ending}")
    whole = (tmp_path / f"whole{ending}").read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(200):
        content = bytearray(whole)
        for place in rng.integers(0, min(len(content), 400), 6):
            content[place] = rng.integers(256)
        try:
            assert open_photo(io.BytesIO(bytes(content)), at_least=16).mode == "RGB"
        except (OSError, ValueError) as error:
            refused += 1
            assert str(error)
    assert refused


def test_a_copy_of_the_file_works_on_its_own_and_says_nothing(tmp_path: Path) -> None:
    """As it travels in an export: no Transfer on the path, warnings shown, and nothing on stderr for odd photos."""
    (tmp_path / "photo.py").write_bytes(Path(photo.__file__).read_bytes())
    corners().save(tmp_path / "odd.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff broken")
    clear = corners().convert("P")
    clear.save(tmp_path / "clear.png", transparency=bytes([0, 10, 255]))
    bomb(tmp_path / "big.png", 10_000, 9_500)  # Pillow warns of so many pixels
    program = shutil.copy(Path(__file__).with_name("photo_alone.py"), tmp_path)
    environment = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "PYTHONWARNINGS"}}
    done = subprocess.run(
        [sys.executable, program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("(8, 8, 3) (8, 8, 3)\n") and done.stdout.endswith("False\n")
    assert done.stderr == ""


def test_without_the_package_for_heic_the_others_are_read_and_the_reason_is_given(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif")
    corners().save(tmp_path / "phone.heic", format="HEIF")
    corners().save(tmp_path / "a.jpg")
    program = Path(__file__).with_name("photo_without_heic.py")
    done = subprocess.run([sys.executable, program, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("False (8, 8, 3)\n") and "pillow-heif) is not installed" in done.stdout
