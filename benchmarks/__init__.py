"""Ratios measured side by side in one run, each printed as a table."""
