"""Searches as they are recorded, without anything personal, and what is told from that (C5)."""
