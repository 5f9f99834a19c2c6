"""What the machine provides: files, memory, devices, other processes, random streams, optional packages."""
