"""What this software calls itself."""

VERSION = "0.2.0"
SOFTWARE = f"Endless Earth {VERSION}"
