"""The controller's side of the processes: the shim's client, environments, logs, usage."""
