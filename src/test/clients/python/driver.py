"""Writes through what `rediform client` printed, as an application would, until the stop file is there.

usage: REDIS_PASSWORD=… python3 driver.py LIBRARY SNIPPET STOP
Prints `ok KEY` for each write that was acknowledged, and `failed REASON` for each other; at the end `read ROLE`, what
the connection for reads leads to.
"""

import importlib.util
import os
import sys
import time

PAUSE = 0.01

# A worker needs some milliseconds for a task.
CELERY_PAUSE = 0.04


def say(*words):
    print(*words, flush=True)


def module(file):
    spec = importlib.util.spec_from_file_location("snippet", file)
    loaded = importlib.util.module_from_spec(spec)
    # The application's own class, which the specification's snippet uses.
    loaded.EnhancedCacheManager = lambda **given: given["redis_client"]
    sys.modules["snippet"] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def redis_py(file):
    snippet = module(file)
    return snippet.redis_cache.set, lambda: snippet.replica.role()[0].decode()


def django(file):
    os.environ["DJANGO_SETTINGS_MODULE"] = "snippet"
    module(file).SECRET_KEY = "of a test"
    from django.core.cache import cache

    def write(key, value):
        cache.set(key, value, timeout=None)
        return cache.make_key(key)

    def read():
        return cache.client.get_client(write=False).role()[0].decode()

    return write, read


def celery(file):
    """What has to be there in the end is the result of each task that was sent: it was carried out."""
    from celery_worker import application

    app = application(file)

    def write(_, value):
        time.sleep(CELERY_PAUSE)
        sent = app.send_task("echo", [value])
        return app.backend.get_key_for_task(sent.id).decode()

    return write, lambda: "none"


def haproxy(_):
    import redis

    def endpoint(port):
        password = os.environ["REDIS_PASSWORD"]
        host, number = os.environ[port].split(":")
        return redis.Redis(host, int(number), username="app", password=password, socket_timeout=2)

    master, replica = endpoint("REDIS_MASTER_BIND"), endpoint("REDIS_REPLICAS_BIND")
    return master.set, lambda: replica.role()[0].decode()


def main():
    library, file, stop = sys.argv[1:]
    write, read = {"redis-py": redis_py, "django": django, "celery": celery, "haproxy": haproxy}[library](file)
    number = 0
    while not os.path.exists(stop):
        number += 1
        key = f"client:{library}:{number}"
        try:
            written = write(key, number)
            assert written, "not acknowledged"
            say("ok", written if isinstance(written, str) else key)
        except Exception as problem:  # whatever the library throws: an application tries again
            say("failed", type(problem).__name__, str(problem).splitlines()[:1])
        time.sleep(PAUSE)
    for _ in range(100):
        try:
            return say("read", read())
        except Exception as problem:
            say("failed", type(problem).__name__, problem)
            time.sleep(0.1)


main()
