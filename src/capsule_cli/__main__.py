"""`python -m capsule_cli`."""

from capsule_cli.entry import main

main()
