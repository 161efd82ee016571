"""A trained model and photos: its answers (`prediction`), how good they are (`evaluation`), and why (`heat_map`).

An explanation of an answer belongs here: one module a method, which gives plain arrays or numbers. No training is
here, and no drawing: a picture is made of it in `transfer.commands`, a page in `transfer.ui`.
"""
