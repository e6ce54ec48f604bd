import json

import numpy as np
import pytest
from PIL import Image

from explorer.training.rsicd.scenes import chosen, read
from tiles.errors import BadSetting

CLASSES = ("beach", "forest")


def rsicd(folder, per_class=3):
    """A folder as RSICD is handed out, with a colour for each class."""
    (folder / "RSICD_images").mkdir(parents=True)
    rng, images = np.random.default_rng(0), []
    for cls, colour in zip(CLASSES, ((200, 180, 120), (20, 90, 30))):
        for number in range(1, 2 * per_class + 1):
            file = f"{cls}_{number}.jpg"
            pixels = np.clip(np.array(colour) + rng.normal(0, 20, (224, 224, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "RSICD_images" / file)
            split = ("test", "val", "train")[min(2, (number - 1) // 2)] if number <= per_class else "train"
            told = [{"raw": f"a {cls} is here ."}, {"raw": "it is nice ."}]
            images.append({"filename": file, "split": split, "sentences": told})
    (folder / "dataset_rsicd.json").write_text(json.dumps({"images": images, "dataset": "rsicd"}))
    return folder


def test_rsicd_is_read_as_it_is_handed_out(tmp_path):
    scenes = read(rsicd(tmp_path / "RSICD"))
    assert scenes.name == "RSICD" and scenes.classes == ["beach", "forest"]
    assert [s.name for s in scenes.test] == [
        *("beach_1", "beach_2", "beach_3"),
        *("forest_1", "forest_2", "forest_3"),
    ]  # what is not for training, test and val alike
    assert len(scenes.train) == 6 and scenes.test[0].caption == "a beach is here"
    assert scenes.test[0].load().shape == (224, 224, 3) and scenes.test[0].zoom is None


def test_classes_come_from_lists_where_names_tell_none(tmp_path):
    folder = rsicd(tmp_path / "RSICD")
    (folder / "RSICD_images" / "beach_1.jpg").rename(folder / "RSICD_images" / "00744.jpg")
    index = folder / "dataset_rsicd.json"
    index.write_text(index.read_text().replace("beach_1.jpg", "00744.jpg"))
    with pytest.raises(BadSetting, match=r"00744\.jpg: no class"):
        read(folder)
    (folder / "txtclasses_rsicd").mkdir()
    (folder / "txtclasses_rsicd" / "beach.txt").write_text("00744.jpg\nother.jpg\n")
    assert read(folder).test[0].cls == "beach"


def test_shards_are_read_where_there_is_no_rsicd(tmp_path):
    shard = tmp_path / "ucmerced-0"
    shard.mkdir()
    for index in range(40):
        Image.new("RGB", (256, 256)).save(shard / f"p{index}.png")
        note = {"cls": CLASSES[index % 2], "captions": ["one", "two"], "gsd_m": 0.3}
        (shard / f"p{index}.json").write_text(json.dumps(note))
    scenes = read(tmp_path)
    assert scenes.name == "ucmerced" and scenes.test and len(scenes.test) + len(scenes.train) == 40
    assert scenes.test[0].caption == "one" and round(scenes.test[0].zoom) == 19


def test_what_is_wrong_is_named(tmp_path):
    with pytest.raises(BadSetting, match=r"no dataset_rsicd\.json there"):
        read(tmp_path)
    folder = rsicd(tmp_path / "RSICD")
    (folder / "RSICD_images" / "forest_2.jpg").unlink()
    with pytest.raises(BadSetting, match=r"forest_2\.jpg, which is not in"):
        read(folder)
    for text in ("{", "[]", '{"images": [{}]}', '{"images": 5}'):
        (folder / "dataset_rsicd.json").write_text(text)
        with pytest.raises(BadSetting, match=r"dataset_rsicd\.json is not as RSICD's"):
            read(folder)


def test_a_sample_has_classes_in_turn(tmp_path):
    scenes = read(rsicd(tmp_path / "RSICD")).test
    assert [s.cls for s in chosen(scenes, 3)] == ["beach", "forest", "beach"]
    assert chosen(scenes, 0) == scenes and chosen(scenes, 99) == scenes
