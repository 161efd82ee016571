"""Transfer: teach a pretrained network your own photos, in the browser or from the command line."""

__version__ = "0.2.0"
