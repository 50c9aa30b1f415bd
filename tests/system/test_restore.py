#!/usr/bin/python3
"""
A backup put back over what went on: the history is another one, and every subscriber is told to begin anew, whether the server saw
it happen or was stopped. (SQLite's case is in test_faults.py.)
"""
import subprocess

from databases import only
from slotcast import Live, alerts, at, await_alert, check, day, equal, house, main, resource, service

MADE_NOW = "SELECT create_time >= NOW() FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'rc_mark'"
HOUSE = dict(resources=[resource("room")], services=[service("visit", ["room"])])


def backup(db):
    """Returns what puts it back."""
    if db.dialect == "postgres":
        copy = subprocess.run(["pg_dump", "--format=custom", db.url], capture_output=True, check=True, timeout=60).stdout
        back = ["pg_restore", "--clean", "--if-exists", "--single-transaction", "--dbname", db.url]
    else:
        login = ["--no-defaults", "-S", f"{db.server.folder}/socket", "-u", "tester"]
        copy = subprocess.run(["mariadb-dump", *login, "--single-transaction", "--routines", "--triggers", db.name], capture_output=True,
                              check=True, timeout=60).stdout
        back = ["mariadb", *login, db.name]

    def restore():
        while db.dialect == "mariadb" and db.value(MADE_NOW) == "1":
            pass  # its epoch is bound to the second of that, docs/guarantees.md
        done = subprocess.run(back, input=copy, capture_output=True, timeout=60)
        check(done.returncode == 0, done.stderr.decode())

    return restore


async def put_back(*, stopped):
    with alerts() as (hook, told), house("--alert-webhook", hook, **HOUSE) as (server, ids):
        visit = ids.services["visit"]
        live = await Live(server.port, visit, day(1), day(1)).connect()
        await live.until(lambda live: live.snapshots, "a snapshot")
        taken = lambda live: {row["start"] for row in live.rows.values() if not row["remaining"]}
        server.book(service=visit, start=at(1)).expect(201)
        await live.until(lambda live: taken(live) == {at(1)}, "the first booking")
        restore = backup(server.db)
        server.book(service=visit, start=at(1, "12:00")).expect(201)
        await live.until(lambda live: taken(live) == {at(1), at(1, "12:00")}, "the booking behind the backup")
        position = live.position
        if stopped:
            await live.close()
            server.stop()
            restore()
            server.start()
            live = await Live(server.port, visit, day(1), day(1), after=position).connect()
        else:
            restore()
            server.await_seen()  # a backup comes table by table, and each begins anew
            await_alert(told, "feed-gap", "raised")
            await_alert(told, "feed-gap", "resolved")
        another = lambda live: live.position.split(".")[0] != position.split(".")[0]
        await live.until(lambda live: live.resets and taken(live) == {at(1)} and another(live), "a reset, another epoch, what the backup has")
        equal(live.view(), server.slots(visit, day(1))["slots"], "what is shown")
        server.await_ready()  # the store may have met tables that were just then made anew
        server.book(service=visit, start=at(1, "12:00")).expect(201)
        await live.until(lambda live: taken(live) == {at(1), at(1, "12:00")}, "a booking after it")
        await live.close()


@only("postgres", "mariadb")
async def test_a_backup_put_back_while_the_server_runs_begins_anew():
    await put_back(stopped=False)


@only("postgres", "mariadb")
async def test_a_backup_put_back_while_the_server_is_stopped_begins_anew():
    await put_back(stopped=True)


if __name__ == "__main__":
    main(dict(globals()))
