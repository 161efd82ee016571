"""`python -m transfer COMMAND`: the command line, which is in `transfer.cli`."""

import sys

from transfer.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
