"""A process that takes 60 MB for half a second, for the test of what measures memory; `--below`: a child of it does."""

import os
import subprocess
import sys
import time

if "--below" in sys.argv:
    subprocess.run([sys.executable, __file__, *(word for word in sys.argv[1:] if word != "--below")], check=True)
else:
    block = os.urandom(60 * 2**20)
    time.sleep(0.5)
