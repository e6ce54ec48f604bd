"""Mosaics: a region of a world as one file that other tools open."""
