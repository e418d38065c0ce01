"""Images in folders and archives: which files, which class, which pixels; what is left out and what is refused."""

import struct
import zlib

import numpy as np
import pytest
from image_files import contents, random_bytes, tar_bytes, write_images, zip_bytes
from PIL import Image

from shiftmath.datasets import image_folder
from shiftmath.datasets.folders import Tree


def test_an_image_folder_is_its_pixels_in_the_order_of_the_names(tmp_path, rng):
    pixels = write_images(tmp_path / "pets" / "train", ["Zebra", "bird", "cat"], rng)
    (tmp_path / "pets/train/cat/notes.txt").write_text("no image")
    (tmp_path / "pets/train/cat/.hidden.png").write_text("no image")
    (tmp_path / "pets/train/.ipynb_checkpoints").mkdir()
    (tmp_path / "pets/train/.ipynb_checkpoints/0.png").write_text("no image")
    (tmp_path / "pets/train/cat/2.png").rename(tmp_path / "pets/train/cat/2.PNG")
    data = image_folder(tmp_path / "pets", "train")
    assert np.array_equal(np.rint(data.images * 255), pixels)
    assert data.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert data.classes == ("Zebra", "bird", "cat")
    assert (data.name, image_folder(tmp_path / "pets/train").name) == ("pets, train", "train")
    assert np.array_equal(image_folder(tmp_path / "pets/train", limit=2).images, data.images[[0, 1, 3, 4, 6, 7]])


def test_the_work_of_a_folder_does_not_grow_like_the_square_of_its_images(tmp_path, rng, monkeypatch):
    write_images(tmp_path, ["bird", "cat"], rng)
    names = Tree.classes.fget
    asked = []
    monkeypatch.setattr(Tree, "classes", property(lambda tree: asked.append(tree) or names(tree)))
    image_folder(tmp_path)
    few = len(asked)
    for number in range(3, 9):
        (tmp_path / f"cat/{number}.png").write_bytes((tmp_path / "cat/0.png").read_bytes())
    image_folder(tmp_path)
    assert len(asked) == 2 * few


FIRST, TOP = pytest.mark.parametrize("root", ["", "./"]), pytest.mark.parametrize("top", ["", "pets/"])
KINDS = ["w", "w:gz", "w:xz", "zip"]


def packed(files, kind):
    return zip_bytes(files) if kind == "zip" else tar_bytes(files, kind)


@pytest.mark.parametrize("kind", KINDS)
@TOP
@FIRST
def test_an_archive_of_a_folder_is_the_folder(tmp_path, rng, kind, root, top):
    write_images(tmp_path / "pets" / "train", ["bird", "cat"], rng)
    write_images(tmp_path / "pets" / "test", ["bird", "cat"], rng)
    (tmp_path / "pets/train/cat/notes.txt").write_text("no image")
    files = {f"{root}{top}{name}": c for name, c in reversed(contents(tmp_path / "pets").items())}
    # What macOS and others put beside a folder.
    files |= {f"{root}__MACOSX/": b"", f"{root}__MACOSX/._pets": b"", f"{root}.DS_Store": b""}
    archive = tmp_path / "pets.archive"
    archive.write_bytes(packed(files, kind))
    for split in ("train", "test"):
        one, other = image_folder(tmp_path / "pets", split), image_folder(archive, split)
        assert np.array_equal(other.images, one.images)
        assert np.array_equal(other.labels, one.labels)
        assert (other.classes, other.skipped) == (one.classes, one.skipped)
    with pytest.raises(ValueError, match=r"^split: got None for a folder of test, train, takes one of them"):
        image_folder(archive)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_broken_archive_is_named(tmp_path, rng, kind):
    write_images(tmp_path / "train", ["bird", "cat"], rng)
    whole = packed(contents(tmp_path), kind)
    for content in (whole[:-600], whole[:40], whole[:2], b"no archive"):
        (tmp_path / "pets.archive").write_bytes(content)
        with pytest.raises(
            ValueError, match=r"pets.archive: got a broken archive \(.*\), takes a whole (tar|zip) file"
        ):
            image_folder(tmp_path / "pets.archive", "train")


def test_one_class_in_an_archive_stays_a_class(tmp_path, rng):
    write_images(tmp_path / "pets", ["bird"], rng)
    (tmp_path / "a.zip").write_bytes(zip_bytes(contents(tmp_path / "pets")))
    assert image_folder(tmp_path / "a.zip").classes == ("bird",)


def test_labels_of_train_and_test_agree_whatever_is_empty(tmp_path, rng):
    write_images(tmp_path / "train", ["a", "b", "c"], rng)
    write_images(tmp_path / "test", ["a", "c"], rng)
    (tmp_path / "test" / "b").mkdir()
    message = "^folder: got .* without an image in 'b', takes images in each class folder; allow_empty=True keeps"
    for content in (None, "no image"):
        if content:
            (tmp_path / "test/b/0.heic").write_text(content)
        for source in ("pets", "pets.tgz", "pets.zip"):
            place = tmp_path
            if source != "pets":
                place = tmp_path / source
                place.write_bytes((zip_bytes if source == "pets.zip" else tar_bytes)(contents(tmp_path)))
            with pytest.raises(ValueError, match=message):
                image_folder(place, "test")
            train, test = image_folder(place, "train"), image_folder(place, "test", allow_empty=True)
            assert test.classes == train.classes == ("a", "b", "c")
            assert test.labels.tolist() == [0, 0, 0, 2, 2, 2]
            assert test.skipped == (("b/0.heic",) if content else ())
            assert len(test.of_class(2)) == 3
        for p in tmp_path.glob("pets.*"):
            p.unlink()


def test_folders_inside_a_class_belong_to_it(tmp_path, rng):
    pixels = write_images(tmp_path, ["bird/a", "bird/b/c", "cat"], rng, n=2)
    data = image_folder(tmp_path)
    assert np.array_equal(np.rint(data.images * 255), pixels)
    assert (data.labels.tolist(), data.classes) == ([0, 0, 0, 0, 1, 1], ("bird", "cat"))
    assert image_folder(tmp_path, limit=1).labels.tolist() == [0, 1]


def test_a_class_may_be_a_link_and_links_do_not_lead_round_in_circles(tmp_path, rng):
    pixels = write_images(tmp_path / "elsewhere", ["cat"], rng)
    (tmp_path / "pets").mkdir()
    (tmp_path / "pets/cat").symlink_to(tmp_path / "elsewhere/cat")
    (tmp_path / "elsewhere/cat/again").symlink_to(tmp_path / "elsewhere/cat")
    assert np.array_equal(np.rint(image_folder(tmp_path / "pets").images * 255), pixels)


def test_what_is_left_out_is_listed(tmp_path, rng):
    write_images(tmp_path, ["bird", "cat"], rng)
    for name in ("README", "0.png", "cat/notes.txt", "cat/old/1.heic", ".hidden", "cat/.hidden.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("no image")
    data = image_folder(tmp_path)
    assert data.skipped == ("0.png", "README", "cat/notes.txt", "cat/old/1.heic")
    assert repr(data) == (
        f"Images({tmp_path.name!r}, 6 images of 3 x 4 x 3 in 2 classes; "
        "left out: 4 files, 0.png, README, cat/notes.txt, ...)"
    )
    assert repr(data.take(1, seed=0)).startswith(f"Images({tmp_path.name!r}, 2 images of")
    (tmp_path / "bird").rename(tmp_path / "train")
    (tmp_path / "cat").rename(tmp_path / "test")
    assert image_folder(tmp_path).classes == ("test", "train")  # images lie in them


def test_gray_is_the_luma(tmp_path, rng):
    pixels = write_images(tmp_path, ["a"], rng)
    gray = image_folder(tmp_path, grayscale=True).images
    assert gray.shape == (3, 3, 4)
    # Half a level by rounding; weights of 16 bits move 3 x 255 levels by at most 2**-17 each.
    assert abs(gray * 255 - pixels @ [0.299, 0.587, 0.114]).max() <= 0.5 + 3 * 255 * 2**-17


def test_a_gray_image_is_the_same_in_all_channels(tmp_path, rng):
    pixels = write_images(tmp_path, ["a"], rng, shape=(3, 4))
    assert np.array_equal(np.rint(image_folder(tmp_path).images * 255), np.stack([pixels] * 3, axis=-1))
    assert np.array_equal(np.rint(image_folder(tmp_path, grayscale=True).images * 255), pixels)


def test_a_size_of_other_proportions_cuts_around_the_center(tmp_path, rng):
    pixels = write_images(tmp_path, ["a"], rng, shape=(4, 8, 3))
    assert np.array_equal(np.rint(image_folder(tmp_path, size=(4, 4)).images * 255), pixels[:, :, 2:6])
    tall = image_folder(tmp_path, size=(4, 2)).images
    assert np.array_equal(np.rint(tall * 255), pixels[:, :, 3:5])


def test_scaling_keeps_constants_and_averages_what_it_drops(tmp_path):
    (tmp_path / "a").mkdir()
    Image.new("L", (30, 20), 77).save(tmp_path / "a/0.png")
    checkers = (np.indices((20, 30)).sum(axis=0) % 2 * 255).astype(np.uint8)
    Image.fromarray(checkers).save(tmp_path / "a/1.png")
    small = image_folder(tmp_path, size=(2, 3), grayscale=True).images * 255
    assert np.array_equal(np.rint(small[0]), np.full((2, 3), 77))
    # The signs alternate along both axes, and an alternating sum of weights that rise and fall is at most the largest:
    # 1/10 for a triangle over 2 x 10 pixels, of which an edge cuts 1/8 off. Each of two passes rounds to a level.
    assert abs(small[1] - 127.5).max() <= 127.5 * (1 / 10 / (7 / 8)) ** 2 + 2 * 0.5


@pytest.mark.parametrize("name", ["0.jpg", "0.jpeg", "0.JPG"])
def test_jpeg_files_are_read(tmp_path, name):
    (tmp_path / "a").mkdir()
    # 128 is the zero of JPEG's cosine transform: it survives exactly.
    Image.new("L", (16, 8), 128).save(tmp_path / "a" / name, "JPEG")
    assert np.array_equal(image_folder(tmp_path).images, np.full((1, 8, 16, 3), 128 / 255))


def test_a_photo_is_turned_as_its_camera_says(tmp_path, rng):
    pixels = random_bytes(rng, 3, 4, 3)
    (tmp_path / "a").mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    Image.fromarray(pixels).save(tmp_path / "a/0.png", exif=exif)
    assert np.array_equal(np.rint(image_folder(tmp_path).images[0] * 255), np.rot90(pixels, -1))


@pytest.mark.parametrize("name", ["0.bmp", "0.gif", "0.webp", "0.tif", "0.TIFF", "0.ppm", "0.pnm"])
@pytest.mark.parametrize("frames", [1, 2])
def test_other_formats_are_read_and_of_several_frames_the_first(tmp_path, rng, name, frames):
    (tmp_path / "a").mkdir()
    pixels = random_bytes(rng, frames, 3, 4, 3)
    images = [Image.fromarray(p) for p in pixels]
    kind = Image.registered_extensions()["." + name.split(".")[1].lower()]
    several = {"save_all": True, "append_images": images[1:]} if kind in ("GIF", "WEBP", "TIFF") else {}
    images[0].save(tmp_path / "a" / name, kind, **({"lossless": True} if kind == "WEBP" else {}), **several)
    assert np.array_equal(np.rint(image_folder(tmp_path).images * 255), pixels[:1])


def png_of_16_bits(rgb):
    """A PNG file of color with 16 bits a channel, which Pillow does not write."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", *rgb.shape[1::-1], 16, 2, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rgb)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def test_bad_images_are_named(tmp_path, rng):
    write_images(tmp_path, ["bird", "cat"], rng)
    image = tmp_path / "cat/1.png"
    whole = image.read_bytes()
    for content in (b"no image", b"", whole[:-30], b"BM" + bytes(60), b"GIF89a" + bytes(9), b"II*\0" + bytes(8)):
        image.write_bytes(content)
        with pytest.raises(ValueError, match=r"^cat/1.png: got .*, takes a whole image of 8 bits a channel"):
            image_folder(tmp_path)
    image.unlink()
    image.symlink_to("/nowhere/1.png")
    with pytest.raises(ValueError, match=r"^cat/1.png: got .*No such file"):
        image_folder(tmp_path)
    image.unlink()
    Image.new("RGB", (5, 3)).save(image)
    sizes = r"got sizes \(3, 4\) in bird/0.png and \(3, 5\) in cat/1.png, takes images of one size; or pass size="
    with pytest.raises(ValueError, match=sizes):
        image_folder(tmp_path)


def test_more_than_8_bits_are_refused_and_not_cut(tmp_path, rng):
    write_images(tmp_path, ["a"], rng)
    Image.fromarray(np.full((3, 4), 60_000, np.uint16)).save(tmp_path / "a/1.png")
    with pytest.raises(
        ValueError, match=r"^a/1.png: got pixels of mode I;16 with more than 8 bits, takes a whole image"
    ):
        image_folder(tmp_path)
    (tmp_path / "a/1.png").write_bytes(png_of_16_bits(np.full((3, 4, 3), 257 * 200 + 30)))
    with pytest.raises(
        ValueError, match=r"^a/1.png: got pixels of mode RGB with more than 8 bits, takes a whole image"
    ):
        image_folder(tmp_path)


def test_an_image_of_too_many_pixels_is_named(tmp_path, rng, monkeypatch):
    write_images(tmp_path, ["a"], rng)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 8)  # 12 are worth a warning, 17 an error
    assert image_folder(tmp_path).images.shape == (3, 3, 4, 3)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5)
    with pytest.raises(ValueError, match=r"^a/0.png: got Image size \(12 pixels\) exceeds limit of 10 pixels"):
        image_folder(tmp_path)


def test_images_that_exceed_the_memory_are_refused_before_the_work(tmp_path, rng, monkeypatch):
    write_images(tmp_path, ["a"], rng)
    with pytest.raises(
        ValueError, match=r"^size: got \(1000000, 1000000\), the images would take 90000000000000 bytes"
    ):
        image_folder(tmp_path, size=(10**6, 10**6))
    with pytest.raises(
        ValueError, match=r"^size: got \(1000000, 1000000\), the images would take 30000000000000 bytes"
    ):
        image_folder(tmp_path, size=(10**6, 10**6), grayscale=True)
    (tmp_path / "a.zip").write_bytes(zip_bytes(contents(tmp_path)))
    monkeypatch.setattr("shiftmath._shared.memory.memory", lambda: 1000)
    with pytest.raises(
        ValueError, match=r"^folder: got 'a/0.png', the images would take 1080 bytes, takes what fits the"
    ):
        image_folder(tmp_path)
    monkeypatch.setattr("shiftmath._shared.memory.memory", lambda: 100)
    with pytest.raises(
        ValueError, match=r"^folder: got '.*a.zip', its files would take .* bytes, takes what fits the 100"
    ):
        image_folder(tmp_path / "a.zip")


def test_a_folder_without_images_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="folder: got '/nowhere', takes a folder that exists"):
        image_folder("/nowhere")
    takes = r"takes a folder, or a tar or zip file of it, with images {}CLASS/NAME.png \(bmp, gif"
    with pytest.raises(ValueError, match=f"^folder: got '.*', {takes.format('')}"):
        image_folder(tmp_path)
    with pytest.raises(ValueError, match=f"^folder: got '.*', {takes.format('train/')}"):
        image_folder(tmp_path, "train")
    Image.new("L", (2, 2)).save(tmp_path / "0.png")
    with pytest.raises(ValueError, match=f"^folder: got '.*' with 1 file, 0.png, {takes.format('')}"):
        image_folder(tmp_path)


def test_a_folder_of_splits_takes_one_of_them(tmp_path, rng):
    write_images(tmp_path / "train", ["bird", "cat"], rng)
    write_images(tmp_path / "test", ["bird", "cat"], rng)
    with pytest.raises(ValueError, match=r"^split: got None for a folder of test, train, takes one of them"):
        image_folder(tmp_path)
    with pytest.raises(
        ValueError, match=r"^folder: got .*, takes a folder, or a tar or zip file of it, with images val/"
    ):
        image_folder(tmp_path, "val")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"folder": 3}, TypeError, "folder: got 3, takes a path"),
        ({"folder": None}, TypeError, "folder: got None, takes a path"),
        ({"folder": "~nobody_of_this_name/x"}, ValueError, "folder: got '~nobody_of_this_name/x', takes a path"),
        ({"split": 3}, TypeError, "split: got 3, takes the name of a folder, or None"),
        ({"grayscale": 1}, TypeError, "grayscale: got 1, takes True or False"),
        ({"allow_empty": None}, TypeError, "allow_empty: got None, takes True or False"),
    ],
)
def test_bad_arguments_of_a_folder_are_named(tmp_path, arguments, error, message):
    with pytest.raises(error, match=f"^{message}"):
        image_folder(**({"folder": tmp_path} | arguments))


@pytest.mark.parametrize("size", [3, (3,), (3, 4, 3), (0, 4)])
def test_size_is_a_height_and_a_width(tmp_path, rng, size):
    write_images(tmp_path, ["a"], rng)
    with pytest.raises(ValueError, match=r"size: got .*, takes"):
        image_folder(tmp_path, size=size)
