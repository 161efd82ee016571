"""Four threads hold memory at once; prints how many heaps glibc has given them. With `shared`, as a worker runs."""

from __future__ import annotations

import ctypes
import sys
import threading

from transfer.learning.memory import share_one_heap

THREADS = 4


def main(arguments: list[str]) -> int | str:
    if arguments == ["shared"]:
        share_one_heap()
    together, held = threading.Barrier(THREADS), []

    def work() -> None:
        together.wait()
        held.append(bytearray(100_000))
        together.wait()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "malloc_info"):
        return "this C library is not glibc"
    libc.fdopen.restype = ctypes.c_void_p
    out = ctypes.c_void_p(libc.fdopen(1, b"w"))
    libc.malloc_info(0, out)
    libc.fflush(out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
