"""Routes by which GIS programs find a world's tiles: WMTS capabilities, and QGIS's file of connections."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from fastapi import APIRouter, Request, Response

from explorer.web.links import Links, links
from explorer.worlds.world import World
from tiles.grid import EARTH, TILE_PIXELS, metres_per_pixel

router = APIRouter(tags=["services"])
MATRIX_SET = "WebMercatorQuad"
PIXEL_METRES = 0.00028  # of the screen for which WMTS says scales
NAMESPACES = {
    "xmlns": "http://www.opengis.net/wmts/1.0",
    "xmlns:ows": "http://www.opengis.net/ows/1.1",
    "xmlns:xlink": "http://www.w3.org/1999/xlink",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:schemaLocation": "http://www.opengis.net/wmts/1.0"
    " http://schemas.opengis.net/wmts/1.0/wmtsGetCapabilities_response.xsd",
}


@router.get("/worlds/{id}/wmts.xml", response_class=Response)
def wmts(request: Request, id: str) -> Response:
    """WMTS 1.0.0 capabilities, RESTful: the square that other programs know, down to the deepest level.

    Its tiles wait until they are painted.
    """
    world: World = request.app.state.atlas.get(id)
    return _xml(capabilities(world, links(request)), "")


@router.get("/worlds/{id}/qgis.xml", response_class=Response)
def qgis(request: Request, id: str) -> Response:
    """A connection for QGIS: Browser, XYZ Tiles, Load Connections. Its tiles wait until they are painted."""
    world: World = request.app.state.atlas.get(id)
    answer = _xml(connections(world, links(request)), "<!DOCTYPE connections>\n")
    answer.headers["Content-Disposition"] = f'attachment; filename="{world.id}-qgis.xml"'
    return answer


def connections(world: World, links: Links) -> ET.Element:
    """The XML that QGIS loads connections from."""
    root = ET.Element("qgsXYZTilesConnections", version="1.0")
    # QGIS keeps connections as settings by name, and there a slash would make a group.
    name = world.name.replace("/", "-").replace("\\", "-")
    url = links.tiles(world.id, "{z}/{x}/{y}")
    zooms = {"zmin": "0", "zmax": str(world.pyramid.deepest)}
    login = {"authcfg": "", "username": "", "password": "", "referer": ""}
    ET.SubElement(root, "xyztiles", {"name": name, "url": url, **zooms, "tilePixelRatio": "1", **login})
    return root


def capabilities(world: World, links: Links) -> ET.Element:
    """The WMTS capabilities of one world."""
    root = ET.Element("Capabilities", {**NAMESPACES, "version": "1.0.0"})
    about = ET.SubElement(root, "ows:ServiceIdentification")
    _add(about, "ows:Title", world.name)
    _add(about, "ows:Abstract", f"Imaginary land painted by {world.credit[0]}")
    _add(about, "ows:ServiceType", "OGC WMTS")
    _add(about, "ows:ServiceTypeVersion", "1.0.0")
    contents = ET.SubElement(root, "Contents")
    _add_layer(contents, world, links)
    _add_matrices(contents, world.pyramid.deepest)
    token = links.query()
    address = f"{links.world(world.id)}/wmts.xml" + (f"?{token}" if token else "")
    ET.SubElement(root, "ServiceMetadataURL", {"xlink:href": address})
    return root


def _add_layer(contents: ET.Element, world: World, links: Links) -> None:
    layer = ET.SubElement(contents, "Layer")
    _add(layer, "ows:Title", world.name)
    _add(layer, "ows:Abstract", world.journal.prompt)
    degrees = ET.SubElement(layer, "ows:WGS84BoundingBox")
    _add(degrees, "ows:LowerCorner", "-180 -85.0511287798066")
    _add(degrees, "ows:UpperCorner", "180 85.0511287798066")
    _add(layer, "ows:Identifier", world.id)
    metres = ET.SubElement(layer, "ows:BoundingBox", crs="urn:ogc:def:crs:EPSG::3857")
    _add(metres, "ows:LowerCorner", f"{-EARTH / 2} {-EARTH / 2}")
    _add(metres, "ows:UpperCorner", f"{EARTH / 2} {EARTH / 2}")
    style = ET.SubElement(layer, "Style", isDefault="true")
    _add(style, "ows:Identifier", "default")
    _add(layer, "Format", "image/png")
    link = ET.SubElement(layer, "TileMatrixSetLink")
    _add(link, "TileMatrixSet", MATRIX_SET)
    template = links.tiles(world.id, "{TileMatrix}/{TileCol}/{TileRow}")
    ET.SubElement(layer, "ResourceURL", format="image/png", resourceType="tile", template=template)


def _add_matrices(contents: ET.Element, deepest: int) -> None:
    matrices = ET.SubElement(contents, "TileMatrixSet")
    _add(matrices, "ows:Identifier", MATRIX_SET)
    _add(matrices, "ows:SupportedCRS", "urn:ogc:def:crs:EPSG::3857")
    _add(matrices, "WellKnownScaleSet", "urn:ogc:def:wkss:OGC:1.0:GoogleMapsCompatible")
    for zoom in range(deepest + 1):
        matrix = ET.SubElement(matrices, "TileMatrix")
        _add(matrix, "ows:Identifier", str(zoom))
        _add(matrix, "ScaleDenominator", str(metres_per_pixel(zoom) / PIXEL_METRES))
        _add(matrix, "TopLeftCorner", f"{-EARTH / 2} {EARTH / 2}")
        for side in ("Width", "Height"):
            _add(matrix, f"Tile{side}", str(TILE_PIXELS))
        for side in ("Width", "Height"):
            _add(matrix, f"Matrix{side}", str(2**zoom))


def _add(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _xml(root: ET.Element, doctype: str) -> Response:
    ET.indent(root)
    body = ET.tostring(root, "unicode")
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    headers = {"Cache-Control": "no-cache"}  # names and prompts change
    return Response(f"{head}{doctype}{body}\n", media_type="application/xml", headers=headers)
