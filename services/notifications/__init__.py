"""What mail goes to whom, and the links people act on."""
