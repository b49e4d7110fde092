#!/usr/bin/env python3
"""Measures the house: how the code is divided, and what it must keep to.

    Tests/house.py [FOLDER]      prints the figures of each target and every offence; exit 1 if there is one
    Tests/house.py --self-test   plants every kind of offence, and its innocent neighbours, and looks whether it is seen

The rules and their limits are in housecheck/rules.py.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE / "housecheck"))


def main(arguments):
    if arguments == ["--self-test"]:
        import unittest

        suite = unittest.defaultTestLoader.discover(str(HERE / "housecheck"))
        return 0 if unittest.TextTestRunner().run(suite).wasSuccessful() else 1
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        print(__doc__.strip(), file=sys.stderr)
        return 64
    from rules import House

    house = House(arguments[0] if arguments else HERE.parent)
    offences = house.offences()
    print("\n".join(house.table()))
    print()
    for offence in offences:
        print(offence)
    print(f"{len(offences)} offences" if offences else "the house is in order")
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
