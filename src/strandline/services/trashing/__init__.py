"""Room: files leave storage directories for the trash of this machine, and come back."""
