"""Pages in HTML: one file that asks for nothing else."""
