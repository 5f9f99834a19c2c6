"""What the machine and its processes give: files, memory, devices, other processes, chance, optional packages."""
