"""Draws names that no font of ours has. A program: warnings are as the app has them, not as the tests do."""

import sys

import numpy as np

from transfer.drawing.figures import confusion

drawn = confusion(np.eye(4, dtype=int).tolist(), ["猫と犬と鳥と魚", "كلب", "🐈", "\x01"])
sys.stdout.buffer.write(drawn.encode())
