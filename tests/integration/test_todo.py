#!/usr/bin/python3
"""test_todo.py TODO SERVERS [ENGINE…]: two terminals with examples/todo show each other's changes, and an outsider's.

Everything is awaited on the terminals' output; a terminal that says nothing for a minute is a failure.
"""
import os
import pty
import queue
import subprocess
import sys
import tempfile
import threading

todo, servers, engines = sys.argv[1], sys.argv[2], sys.argv[3:] or ["sqlite"]
WAIT_S = 60


class Terminal:
    """The program with pipes, or on a pseudo-terminal; its lines in a queue."""

    def __init__(self, url, on_pty=False):
        self.lines, self.seen = queue.Queue(), []
        if on_pty:
            ours, theirs = pty.openpty()
            self.process = subprocess.Popen([todo, url], stdin=subprocess.PIPE, stdout=theirs, stderr=subprocess.STDOUT)
            os.close(theirs)
            self.output = os.fdopen(ours, "rb", 0)
        else:
            self.process = subprocess.Popen([todo, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.output = self.process.stdout
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        rest = b""
        try:
            while chunk := self.output.read(1):
                rest += chunk
                if chunk == b"\n":
                    self.lines.put(rest.decode().replace("\r", "").rstrip("\n"))
                    rest = b""
        except OSError:  # the pseudo-terminal's other end is closed
            pass
        self.lines.put(None)

    def say(self, command):
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()

    def shows(self, text):
        """Wait for a line with this in it."""
        while True:
            try:
                line = self.lines.get(timeout=WAIT_S)
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"{text!r} did not come; the terminal showed {self.seen[-12:]}")
            self.seen.append(line)
            if text in line:
                return

    def end(self):
        self.say("quit")
        assert self.process.wait(WAIT_S) == 0, f"exit status {self.process.returncode}"


def server(engine, folder):
    """URL, a command for SQL, and what stops it."""
    if engine == "sqlite":
        path = os.path.join(folder, "todo.db")
        return "sqlite:" + path, ["sqlite3", "-cmd", ".timeout 10000", path], lambda: None
    script = os.path.join(servers, engine)
    url = subprocess.run([script, "start", folder], check=True, capture_output=True, text=True).stdout.strip()
    client = ["psql", "-X", "-q", url, "-c"] if engine == "postgres" else \
        ["mariadb", "--no-defaults", "-S", os.path.join(folder, "socket"), "-u", "tester", "test", "-e"]
    return url, client, lambda: subprocess.run([script, "stop", folder], check=True)


def play(engine, folder):
    url, client, stop = server(engine, folder)
    try:
        a = Terminal(url)
        a.shows("nothing to do")
        b = Terminal(url, on_pty=True)
        b.shows("nothing to do")
        a.say("add buy milk")
        a.shows("1 [ ] buy milk")
        b.shows("1 [ ] buy milk")
        b.say("done 1")
        b.shows("1 [x] buy milk")
        a.shows("1 [x] buy milk")
        subprocess.run(client + ["UPDATE task SET text = 'buy oat milk' WHERE id = 1"], check=True)
        a.shows("1 [x] buy oat milk")
        b.shows("1 [x] buy oat milk")
        a.say("done 7")
        a.shows("there is no task 7")
        a.say("add")
        a.shows("a task needs words")
        late = Terminal(url)
        late.shows("1 [x] buy oat milk")
        late.say("rm 1")
        for terminal in (a, b, late):
            terminal.shows("nothing to do")
        for terminal in (a, b, late):
            terminal.end()
    finally:
        stop()


print(f"1..{len(engines)}")
failed = 0
for number, engine in enumerate(engines, 1):
    with tempfile.TemporaryDirectory(prefix="rowcast-todo-") as folder:
        try:
            play(engine, folder)
            print(f"ok {number} - {engine}: terminals show each other's changes")
        except (AssertionError, subprocess.SubprocessError, OSError) as error:
            failed += 1
            print(f"not ok {number} - {engine}: terminals show each other's changes")
            print("#", str(error).replace("\n", "\n# "))
sys.exit(1 if failed else 0)
