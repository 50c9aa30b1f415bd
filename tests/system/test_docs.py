#!/usr/bin/python3
"""
The commands of docs/postgresql.md and docs/mariadb.md, in their order, on a server of its own.

A page's blocks marked `sh` are one shell script. What belongs to the machine is stood in for: sudo runs the command as it is, systemctl
restarts the private server, the settings file goes to it, and URLs get its port. `slotcast serve` runs on beside the commands behind it.
"""
import os
import pathlib
import re
import subprocess
import tempfile

from databases import DatabaseServer, only
from slotcast import PROGRAM, ROOT, check, main

SCRIPT_S = 120
COURTS = 4  # in examples/venues/harbour.json

SUDO = """#!/bin/sh
[ "$1" != -u ] || shift 2
exec "$@"
"""

SERVE = """
slotcast() {
  [ "$1" = serve ] || { command slotcast "$@"; return; }
  mkfifo listening
  command slotcast "$@" --listen 127.0.0.1:0 >listening 2>serve.log &
  served=$!
  trap 'kill $served' EXIT
  read -r line <listening || { cat serve.log >&2; exit 1; }
  url=${line#listening }
}
"""

# The page's change is seen by the server that the page started.
SEEN = f"""
until curl -fsS $url/v1/venues/harbour | grep -q '"capacity":{COURTS + 1}[,}}]'; do :; done
"""

# What the page grants is enough for either source.
BOTH_SOURCES = """
for kind in trigger log; do
  kill $served
  wait $served
  rm listening
  slotcast serve --db "$DB" --feed $kind
  slotcast migrate verify --db "$DB"
done
"""


def blocks(page):
    text = (ROOT / "docs" / page).read_text()
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S))


def put(folder, name, text):
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)


def run(page, server, prepare, env):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        put(folder, "sudo", SUDO)
        put(folder, "slotcast", f'#!/bin/sh\nexec {PROGRAM} "$@"\n')
        os.symlink(ROOT / "examples", folder / "examples")
        script = prepare(folder, blocks(page))
        script = f"set -eu\n{SERVE}\n{script}\n{SEEN}\n{BOTH_SOURCES}"
        # timeout's own process group: what the page started ends with it
        done = subprocess.run(["timeout", str(SCRIPT_S), "bash", "-c", script], cwd=folder, capture_output=True, text=True,
                              env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", **env})
        check(done.returncode == 0, page, done.stdout[-2000:], done.stderr[-4000:])


@only("postgres")
def test_every_command_of_the_postgresql_page_works():
    server = DatabaseServer("postgres")
    try:
        def prepare(folder, script):
            put(folder, "systemctl", f"#!/bin/sh\n{ROOT}/tests/servers/postgres stop {server.folder}\n"
                                     f"{ROOT}/tests/servers/postgres start {server.folder}\n")
            return script

        run("postgresql.md", server, prepare, {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "tester", "PGDATABASE": "test"})
    finally:
        server.remove()


@only("mariadb")
def test_every_command_of_the_mariadb_page_works():
    server = DatabaseServer("mariadb")
    try:
        def prepare(folder, script):
            # the server's own script asks by the real programs
            put(folder, "systemctl", f"#!/bin/sh\nPATH={os.environ['PATH']}\ngrep = settings | sed 's/ //g; s/^/--/' >{server.folder}/options\n"
                                     f"{ROOT}/tests/servers/mariadb stop {server.folder}\n{ROOT}/tests/servers/mariadb start {server.folder}\n")
            for program in ("mariadb", "mariadb-dump"):
                put(folder, program, f'#!/bin/sh\nexec /usr/bin/{program} --no-defaults -S {server.folder}/socket -u tester "$@"\n')
            return script.replace("/etc/mysql/mariadb.conf.d/70-slotcast.cnf", "settings").replace(
                "127.0.0.1/slotcast", f"127.0.0.1:{server.port}/slotcast")

        run("mariadb.md", server, prepare, {})
    finally:
        server.remove()


if __name__ == "__main__":
    main(dict(globals()))
