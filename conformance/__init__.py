"""A conformance suite for reverse-mode, define-by-run autograd."""
