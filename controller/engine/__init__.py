"""The reconcile loop: takes keys, reads what is declared and what is, carries out the plan."""
