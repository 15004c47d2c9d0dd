"""Reports: what went wrong as finished bug reports, on a terminal, as JSON Lines and as JUnit XML."""
