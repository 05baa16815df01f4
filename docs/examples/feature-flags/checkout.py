"""Serves customers, each of them always the same way while a flag stays as it is."""

import zlib

import workerset

workerset.ensure("flags")


def is_on(flag, customer):
    percent = workerset.get_vars("flags")[flag]["percent"]
    return zlib.crc32(f"{flag}/{customer}".encode()) % 100 < percent


for _ in workerset.ticks(1.0):
    with workerset.request():  # in here every look at the flags is of the same snapshot
        served = sum(is_on("new-basket", customer) for customer in range(1000))
    print(f"{served // 10} percent see the new basket", flush=True)
