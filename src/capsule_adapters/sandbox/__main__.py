"""`python -m capsule_adapters.sandbox`: see `process`."""

import sys

from capsule_adapters.sandbox.process import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
