"""Rasters of the real world as RGBA pixels of a known place: GeoTIFF, PNG, JPEG and WebP.

``opening`` opens a file and checks how large it is, ``colours`` turns its bands into RGBA, ``place`` says
where on the plane it lies, ``warp`` lays it on a pixel grid. A file is read in windows, so memory does not
grow with it.
"""
