"""OpenAPI v3 documents, made from the registry and from the schema of WorkerSets (KEP-2896)."""
