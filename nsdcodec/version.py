"""The version of this package (the format has its own: `container.header.FORMAT_VERSION`)."""

VERSION = "1.0.0"
