"""Stable Diffusion and what grew from it: Text2Earth, InstructPix2Pix, anything in their folders' layout."""
