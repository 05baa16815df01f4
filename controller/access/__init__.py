"""Certificates of a project: made once, kept private, made again when they end or are lost."""
