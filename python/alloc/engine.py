"""The native engine, wrapped: the only module that imports `alloc._core`."""

from __future__ import annotations

from alloc._core import __version__, currency_exponent, toml_lines

__all__ = ["__version__", "currency_exponent", "toml_lines"]
