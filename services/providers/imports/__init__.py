"""What public registers say of sites: files and APIs read, taken in, and followed by providers."""
