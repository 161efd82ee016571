"""Exports: one module a format (`keras_file`, `saved_model`, `litert`), and what makes zips of them (`exporter`)."""
