"""Stable Diffusion and what grew from it: Text2Earth, InstructPix2Pix, anything in their folders' layout."""

from explorer.models.torchvision_cure import cure

cure()  # before transformers, which imports torchvision
