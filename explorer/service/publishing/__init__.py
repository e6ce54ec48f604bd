"""A world as a place of static files: PMTiles and a page that needs no server of ours."""
