# SPDX-License-Identifier: MIT
"""
demo-pi.py FILE - the program that the demo moves while it runs

Computes digits of pi one by one (the spigot of Gibbons, whose state is six
integers that keep growing), appends them to FILE and says how far it is a few
times a second.  Nothing in here knows about being moved.
"""
import sys
import time

LINES = 40
DIGITS_A_LINE = 25
PAUSE_S = 0.2


def digits():
    q, r, t, k, n, l = 1, 0, 1, 1, 3, 3
    while True:
        if 4 * q + r - t < n * t:
            yield n
            q, r, n = 10 * q, 10 * (r - n * t), \
                10 * (3 * q + r) // t - 10 * n
        else:
            q, r, t, k, n, l = q * k, (2 * q + r) * l, t * l, k + 1, \
                (q * (7 * k + 2) + r * l) // (t * l), l + 2


def main():
    spigot = digits()
    with open(sys.argv[1], "w") as out:
        for line in range(1, LINES + 1):
            some = "".join(str(next(spigot)) for _ in range(DIGITS_A_LINE))
            out.write(some)
            print(f"{line:3} of {LINES}: pi goes on {some}", flush=True)
            time.sleep(PAUSE_S)
    print("done", flush=True)


main()
