"""The worker-side library of Workerset."""
