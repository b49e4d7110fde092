"""Prints a journal as SQL text, with what differs from host to host as parameters (make.sh says which)."""

import re
import sqlite3
import sys
import textwrap
import time

# By table: the columns that hold milliseconds since 1970.
TIMES = {"intents": {"began"}, "leases": {"expires"}, "pins": {"expires"}, "transitions": {"at"}, "wakes": {"at"}}


def main(path, containers):
    now = int(time.time() * 1000)
    boot = open("/proc/sys/kernel/random/boot_id").read().strip()
    names = dict(line.split() for line in open(containers))
    database = sqlite3.connect(path)

    def literal(table, column, value):
        if value is None:
            return "NULL"
        if column in TIMES.get(table, ()):
            return f"@NOW@ {'+' if value >= now else '-'} {abs(value - now)}"
        if isinstance(value, int):
            return str(value)
        for container, name in names.items():
            value = re.sub(f"^/.*{container}.*$", f"@PLACE:{name}@", value).replace(container, f"@ID:{name}@")
        return "'" + value.replace(boot, "@BOOT@").replace("'", "''") + "'"

    print("-- Made by make.sh; see there.")
    print(f"PRAGMA user_version = {database.execute('PRAGMA user_version').fetchone()[0]};")
    for name, kind, text in database.execute("SELECT name, type, sql FROM sqlite_schema WHERE sql NOT NULL"):
        print(wrapped(text) + ";")
        if kind != "table":
            continue
        rows = database.execute(f"SELECT * FROM {name} ORDER BY 1")
        columns = [column[0] for column in rows.description]
        for row in rows:
            values = [literal(name, column, value) for column, value in zip(columns, row)]
            print(wrapped(f"INSERT INTO {name} VALUES ({', '.join(values)})") + ";")


def wrapped(text):
    """In lines of at most 120 columns; what is quoted stays as it is."""
    kept = re.sub(r"'[^']*'", lambda quoted: quoted[0].replace(" ", "\0"), text)
    lines = textwrap.wrap(" ".join(kept.split()), 118, subsequent_indent="    ", break_long_words=False)
    return "\n".join(lines).replace("\0", " ")


main(*sys.argv[1:])
