"""What crosses a boundary between processes: names and data, standard library only."""
