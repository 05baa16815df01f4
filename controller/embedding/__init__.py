"""A controller inside a Python program of one's own (S10). `controller` exports what is public here."""
