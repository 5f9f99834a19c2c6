"""A set in the formats that other tools read, its data card, and the hub that it is shared on."""
