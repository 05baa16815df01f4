"""Guardian, shim and log writer: the processes that must not die. Standard library and the contract only."""
