"""What only a node in a folder has, on the machine of a developer."""
