"""Values of cash application that mirror the native domain; no files, no columns."""
