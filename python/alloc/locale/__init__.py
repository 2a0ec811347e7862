"""Translations: one folder per language, compiled by ``python -m alloc.locale``."""
