"""AI cost audit: the Python beside the dbt models. No figure is computed here."""

__version__ = "0.1.0"
