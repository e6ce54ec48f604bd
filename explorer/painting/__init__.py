"""Painting: from wanted tiles to committed latents."""
