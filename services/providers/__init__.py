"""The service that owns providers, what they offer and how many beds they have."""
