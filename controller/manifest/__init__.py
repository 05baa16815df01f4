"""Manifests: read with positions, checked, explained. The home of YAML and JSON Schema."""
