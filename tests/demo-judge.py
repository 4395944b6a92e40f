# SPDX-License-Identifier: MIT
"""
demo-judge.py FILE LOG - was the demo's program disturbed?

Computes the digits of pi in another way (Machin's formula) and compares them
with what the moved program wrote to FILE; wants every line of its output in
LOG once and in order.  Says what is wrong, and exits with 1, if anything is.
"""
import re
import sys


def machin(digits):
    unit = 10 ** (digits + 10)

    def arctan(inverse):
        power = total = unit // inverse
        n, sign = 3, -1
        while power:
            power //= inverse * inverse
            total += sign * (power // n)
            n, sign = n + 2, -sign
        return total

    return str(4 * (4 * arctan(5) - arctan(239)))[:digits]


def main():
    found = open(sys.argv[1]).read()
    lines = open(sys.argv[2]).read().splitlines()
    total = int(re.search(r"of (\d+)", lines[0]).group(1))
    said = [line[:3].strip() for line in lines]
    wanted = [str(n) for n in range(1, total + 1)] + ["don"]
    if said != wanted:
        sys.exit(f"the output has a gap or a repeat: {said}")
    if "".join(line.split()[-1] for line in lines[:-1]) != found:
        sys.exit("the file is not what was printed")
    if len(found) % total or found != machin(len(found)):
        sys.exit(f"these are not the digits of pi: {found}")
    print(f"{total} lines without a gap or a repeat, "
          f"{len(found)} digits of pi, all right")


main()
