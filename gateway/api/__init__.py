"""Offer the product's calls as JSON under /api/v1."""
