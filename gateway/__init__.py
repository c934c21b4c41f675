"""Serve the JSON API and the pages over HTTP."""
