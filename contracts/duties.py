"""What a signed-in person may have to do before anything else, the first of them first.

Identity finds out which one it is; the gateway opens nothing else until it is done.
"""

from __future__ import annotations

PASSWORD = "password"
"""Choose a password: the present one is temporary or has expired (A4, A5)."""
DISCLAIMER = "disclaimer"
"""Accept, at each sign-in, that a shared account cannot tell who did what (A8)."""
TERMS = "terms"
"""Agree to the terms of use, which have changed (A1)."""
SECOND_FACTOR = "second_factor"
"""Set up a second factor, without which this role may do nothing (A10)."""

ORDER = (PASSWORD, DISCLAIMER, TERMS, SECOND_FACTOR)
