"""What only a virtual machine has."""
