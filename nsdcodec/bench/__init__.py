"""The tables of the papers as commands: their rows, how these are run and resumed, and the report."""
