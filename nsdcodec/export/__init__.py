"""Sets in the file formats of other tools, their data card, and the Hugging Face hub. Needs the extra `export`."""
