"""The gRPC service over a workspace of `alloc`: thin servicers over `alloc.app`."""
