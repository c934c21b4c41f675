"""Plumbing without a domain word."""

import warnings

# Nameko stands on eventlet, and that is decided; saying so again in every log and command helps nobody.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
