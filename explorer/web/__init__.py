"""The app in a browser: routes, feed, map and page."""
