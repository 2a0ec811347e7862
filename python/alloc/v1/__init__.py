"""Messages and stubs of the service: generated from ``proto/alloc/v1``."""
