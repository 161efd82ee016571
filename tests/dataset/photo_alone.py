"""Reads odd photos with the `photo.py` beside it. A program, copied to where that is."""

import sys

import photo

print(photo.read_photo("odd.jpg", 8).shape, photo.read_photo("clear.png", 8).shape)
try:
    photo.read_photo("big.png", 8)
except OSError as error:
    print(error)
print("transfer" in sys.modules)
