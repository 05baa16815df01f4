"""The Kubernetes API: requests in, objects and Status errors out. Knows ports, never adapters."""
