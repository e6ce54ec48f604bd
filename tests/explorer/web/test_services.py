import io
import socket
import threading
import time
from xml.etree import ElementTree as ET

import morecantile
import numpy as np
import pytest
import rasterio
import uvicorn
from PIL import Image
from rasterio.windows import Window

from explorer.web.server import create_api
from tests.clients import local_client

HOME = 2**7
URL = "/worlds/test-land"
XML = {"wmts": "http://www.opengis.net/wmts/1.0", "ows": "http://www.opengis.net/ows/1.1"}
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "]]><!ENTITY x SYSTEM 'file:///etc/passwd'>",
    "a & b \"c\" 'd'",
    "{z}/${x}/%s",
    "Ünï ✓",
]


@pytest.fixture(autouse=True)
def _world(world):
    return world


@pytest.fixture
def app(settings, atlas, painter):
    return create_api(settings, atlas, painter)


@pytest.fixture
def client(app):
    with local_client(app) as client:
        yield client


@pytest.fixture
def server(app):
    """The app really listening; gives its URL."""
    listening = socket.create_server(("127.0.0.1", 0))  # held from now on: nobody else can take the port
    port = listening.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def gdal(tmp_path):
    """GDAL keeps what it fetched in the user's home unless it is told another place."""
    options = {
        "GDAL_DEFAULT_WMS_CACHE_PATH": str(tmp_path / "cache"),
        "GDAL_HTTP_TIMEOUT": "60",
        "GDAL_HTTP_PROXY": "",
    }
    with rasterio.Env(**options) as env:
        yield env


def pixels(png: bytes) -> np.ndarray:
    """(3, 256, 256), as rasterio has it."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).transpose(2, 0, 1)


def test_gdal_reads_the_wmts_tile_by_tile_as_they_are(server, client, gdal):
    for z, x, y in [
        (8, HOME, HOME),
        (8, HOME + 1, HOME),
        (9, 2 * HOME, 2 * HOME + 1),
        (7, HOME // 2, HOME // 2),
    ]:
        with rasterio.open(f"WMTS:{server}{URL}/wmts.xml,layer=test-land,tilematrix={z}") as layer:
            assert layer.driver == "WMTS" and layer.crs.to_epsg() == 3857
            assert layer.width == layer.height == 256 * 2**z
            assert np.allclose(layer.bounds, [-20037508.342789244] * 2 + [20037508.342789244] * 2, atol=1e-6)
            found = layer.read((1, 2, 3), window=Window(256 * x, 256 * y, 256, 256))
        tile = client.get(f"{URL}/tiles/{z}/{x}/{y}.png")
        assert tile.status_code == 200 and (found == pixels(tile.content)).all() and found.std() > 0


def test_gdal_takes_the_zoom_that_fits(server, client, gdal):
    """Opened whole, a coarser reading comes from the coarser matrix, not from a thousand tiles."""
    with rasterio.open(f"WMTS:{server}{URL}/wmts.xml") as layer:
        assert layer.width == 256 * 2**20 and layer.overviews(1) == [2**n for n in range(1, 21)]
        side = 256 * 2**12
        window = Window(HOME * side, HOME * side, side, side)
        found = layer.read((1, 2, 3), window=window, out_shape=(3, 256, 256))
    assert (found == pixels(client.get(f"{URL}/tiles/8/{HOME}/{HOME}.png").content)).all()


def test_gdal_reads_the_tiles_as_tms_and_paints_them(server, client, gdal, tmp_path):
    """Across four tiles, none of which was painted before."""
    half = 20037508.342789244
    (tmp_path / "tms.xml").write_text(
        f"""<GDAL_WMS><Service name="TMS"><ServerUrl>{server}{URL}/tiles/${{z}}/${{x}}/${{y}}.png?wait=30</ServerUrl></Service>
        <DataWindow><UpperLeftX>{-half}</UpperLeftX><UpperLeftY>{half}</UpperLeftY><LowerRightX>{half}</LowerRightX>
        <LowerRightY>{-half}</LowerRightY><TileLevel>8</TileLevel><TileCountX>1</TileCountX><TileCountY>1</TileCountY>
        <YOrigin>top</YOrigin></DataWindow><Projection>EPSG:3857</Projection><BlockSizeX>256</BlockSizeX>
        <BlockSizeY>256</BlockSizeY><BandsCount>3</BandsCount><Timeout>60</Timeout></GDAL_WMS>"""
    )
    assert client.get(f"{URL}/tiles/8/{HOME}/{HOME}.png").status_code == 204
    with rasterio.open(tmp_path / "tms.xml") as layer:
        assert layer.driver == "WMS" and layer.shape == (65536, 65536)
        found = layer.read(window=Window(256 * HOME - 128, 256 * HOME - 128, 256, 256))
    tiles = [
        [pixels(client.get(f"{URL}/tiles/8/{HOME - i}/{HOME - j}.png").content) for i in (1, 0)]
        for j in (1, 0)
    ]
    sheet = np.concatenate([np.concatenate(row, axis=2) for row in tiles], axis=1)
    assert (found == sheet[:, 128:-128, 128:-128]).all() and found.std() > 0


def test_the_matrices_are_those_of_the_standard(client):
    answer = client.get(f"{URL}/wmts.xml")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("application/xml")
    found = ET.fromstring(answer.content).findall(".//wmts:TileMatrix", XML)
    known = list(morecantile.tms.get("WebMercatorQuad"))
    assert [m.find("ows:Identifier", XML).text for m in found] == [str(z) for z in range(21)]
    for matrix, theirs in zip(found, known[:21]):
        value = {child.tag.split("}")[1]: child.text for child in matrix}
        assert float(value["ScaleDenominator"]) == pytest.approx(theirs.scaleDenominator, rel=1e-12)
        corner = [float(number) for number in value["TopLeftCorner"].split()]
        assert corner == pytest.approx(list(theirs.pointOfOrigin), rel=1e-12)
        sides = [int(value[name]) for name in ("TileWidth", "TileHeight", "MatrixWidth", "MatrixHeight")]
        assert sides == [theirs.tileWidth, theirs.tileHeight, theirs.matrixWidth, theirs.matrixHeight]


def test_the_template_leads_to_tiles(client):
    root = ET.fromstring(client.get(f"{URL}/wmts.xml").content)
    assert root.tag == "{http://www.opengis.net/wmts/1.0}Capabilities" and root.get("version") == "1.0.0"
    (layer,) = root.findall("wmts:Contents/wmts:Layer", XML)
    assert layer.find("ows:Identifier", XML).text == "test-land"
    template = layer.find("wmts:ResourceURL", XML).get("template")
    assert template == "http://localhost/worlds/test-land/tiles/{TileMatrix}/{TileCol}/{TileRow}.png?wait=30"
    for name, value in [("TileMatrix", 8), ("TileCol", HOME), ("TileRow", HOME)]:
        template = template.replace(f"{{{name}}}", str(value))
    assert client.get(template).headers["content-type"] == "image/png"


def test_qgis_gets_a_connection_to_load(client, world):
    answer = client.get(f"{URL}/qgis.xml")
    assert answer.headers["content-disposition"] == 'attachment; filename="test-land-qgis.xml"'
    assert "<!DOCTYPE connections>" in answer.text
    root = ET.fromstring(answer.content)
    assert root.tag == "qgsXYZTilesConnections" and root.get("version") == "1.0"
    (found,) = root
    assert found.tag == "xyztiles" and found.get("name") == "Test land"
    assert found.get("url") == "http://localhost/worlds/test-land/tiles/{z}/{x}/{y}.png?wait=30"
    assert (found.get("zmin"), found.get("zmax"), found.get("tilePixelRatio")) == ("0", "20", "1")
    world.rename("a/b\\c")  # would be a group of QGIS's settings
    assert ET.fromstring(client.get(f"{URL}/qgis.xml").content)[0].get("name") == "a-b-c"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_data(client, world, text):
    client.patch(URL, json={"name": text, "prompt": text})
    root = ET.fromstring(client.get(f"{URL}/wmts.xml").content)
    layer = root.find("wmts:Contents/wmts:Layer", XML)
    assert layer.find("ows:Title", XML).text == layer.find("ows:Abstract", XML).text == text
    assert len(root.findall(".//wmts:Layer", XML)) == 1
    shown = ET.fromstring(client.get(f"{URL}/qgis.xml").content)[0].get("name")
    assert shown == text.replace("/", "-")


def test_gdal_opens_a_world_of_a_hostile_name(server, world, gdal):
    world.rename(HOSTILE[1])
    with rasterio.open(f"WMTS:{server}{URL}/wmts.xml") as layer:
        assert layer.count == 4 and layer.crs.to_epsg() == 3857


def test_no_world_has_no_services(client):
    for id in ("none", "..%2f", "A", "a" * 65):
        for file in ("wmts.xml", "qgis.xml"):
            answer = client.get(f"/worlds/{id}/{file}")
            assert answer.status_code == 404 and answer.json()["error"]["code"]
