"""Programs: the one currency of the suite, and the readers and makers that need no implementation."""
