#!/usr/bin/python3
"""test_install.py BUILD SOURCE: what `meson install` installs is enough to build and run examples/todo outside of this tree."""
import os
import shutil
import subprocess
import sys
import tempfile

build, source = (os.path.abspath(path) for path in sys.argv[1:3])


def run(command, cwd=None, **more):
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, **more)
    if result.returncode:
        raise AssertionError(f"{' '.join(command)}: {(result.stdout + result.stderr).strip()[-2000:]}")
    return result.stdout


def find(folder, name):
    for path, _, files in os.walk(folder):
        if name in files:
            return path
    raise AssertionError(f"{name} is not installed")


def check(folder):
    stage, work = os.path.join(folder, "stage"), os.path.join(folder, "todo")
    run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", stage, "--tags", "devel,runtime", "--quiet"])
    libraries = find(stage, "librowcast.so")
    shown = run(["nm", "-D", "--defined-only", os.path.join(libraries, "librowcast.so")]).split()[2::3]
    strangers = [name for name in shown if not name.startswith(("rc_", "ROWCAST_"))]
    assert shown and not strangers, f"the library shows {strangers[:5]}"
    shutil.copytree(os.path.join(source, "examples/todo"), work)
    environment = {**os.environ, "PKG_CONFIG_PATH": find(stage, "rowcast.pc"), "PKG_CONFIG_SYSROOT_DIR": stage, "LD_LIBRARY_PATH": libraries}
    for name in ("LDFLAGS", "CC"):
        environment.pop(name, None)
    environment["CFLAGS"] = "-Werror"
    rowgen = run(["pkg-config", "--variable=rowgen", "rowcast"], env=environment).strip()
    rowgen = rowgen if rowgen.startswith(stage) else stage + rowgen
    run(["make", "-C", work, "ROWGEN=" + rowgen], env=environment)
    shown = run([os.path.join(work, "todo"), "sqlite:todo.db"], cwd=work, input="add from outside\nquit\n", env=environment)
    assert "nothing to do" in shown, shown
    rows = run(["sqlite3", os.path.join(work, "todo.db"), "SELECT id, text, done FROM task"])
    assert rows == "1|from outside|0\n", rows


print("1..1")
with tempfile.TemporaryDirectory(prefix="rowcast-install-") as folder:
    try:
        check(folder)
        print("ok 1 - a program outside of the tree builds against what is installed, and runs")
    except (AssertionError, OSError) as error:
        print("not ok 1 - a program outside of the tree builds against what is installed, and runs")
        print("#", str(error).replace("\n", "\n# "))
        sys.exit(1)
