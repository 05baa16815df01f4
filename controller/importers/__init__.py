"""From the configuration of other process managers to WorkerSets: text in, drafts and notes out.

Opens no file and starts no program: what a text refers to is asked of `sources.Files`.
"""
