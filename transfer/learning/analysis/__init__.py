"""What a trained model does with photos: its answers (`prediction`), how good they are (`evaluation`).

An explanation of an answer, such as a heat map, belongs here too: one module a method, a function from a `Predictor`
and photos to plain arrays or numbers. No training is here, and no drawing: a page is made of it in `transfer.ui`.
"""
