"""Everything about tiles that needs neither a model nor a browser."""
