"""Publishes exchange rates. EUR is what they are relative to."""

import workerset

for day in workerset.ticks(1.0):
    workerset.set_vars({"EUR": 1.0, "CHF": 0.95, "day": day})
