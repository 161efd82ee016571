"""A program that holds a lock, given as its file, until it is told a line."""

import sys

from filelock import FileLock

if __name__ == "__main__":
    with FileLock(sys.argv[1]):
        print("held", flush=True)
        sys.stdin.readline()
