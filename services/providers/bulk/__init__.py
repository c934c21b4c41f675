"""Many providers updated by one file: template, dry run, save, undo (B12)."""
