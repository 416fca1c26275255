"""A Celery worker with what `rediform client` printed.

usage: REDIS_PASSWORD=… python3 celery_worker.py SNIPPET
"""

import importlib.util
import sys

from celery import Celery


def application(file):
    spec = importlib.util.spec_from_file_location("celeryconfig", file)
    config = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(config)
    app = Celery("driver")
    app.config_from_object(config)

    @app.task(name="echo")
    def echo(value):
        return value

    return app


if __name__ == "__main__":
    application(sys.argv[1]).worker_main(
        ["worker", "--pool=solo", "--loglevel=INFO", "--without-mingle", "--without-gossip"]
    )
