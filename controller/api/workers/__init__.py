"""What workers may ask of the controller: ensure, resolve, release, list; over a socket of their own."""
