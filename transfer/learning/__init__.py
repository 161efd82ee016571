"""Everything that needs TensorFlow. To load it takes seconds, so whoever does not have to does not import it."""

from transfer.learning import lean_import

lean_import.install()
