"""The tables of the papers as runs: what their rows are, how they are run and resumed, and the report of them."""
