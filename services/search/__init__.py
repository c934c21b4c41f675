"""Finds vacancies near a place; owns the postcodes."""
