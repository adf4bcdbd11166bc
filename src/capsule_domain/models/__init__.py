"""Values. One noun a file; all frozen; none does I/O."""
