"""Programs that this machine is set up with. Tests replace `execute`."""

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence

from rediform.errors import Failed

LAST = 3  # lines of what a program printed that its failure repeats
DRAIN = 1.0  # seconds for what a program printed last; a daemon that it started may keep the pipe open for ever


def run(*words: str, **environment: str) -> None:
    """Runs a program. What it prints goes to our own output, so that the journal has all of it."""
    code, said = execute(words, environment, echo=True)
    if code:
        raise failed(words, code, said)


def output(*words: str) -> str:
    """What a program prints, in English."""
    code, said = execute(words, {"LC_ALL": "C"}, echo=False)
    if code:
        raise failed(words, code, said)
    return said


def said(*words: str) -> str:
    """The same of one whose failure is no news; then it is empty."""
    code, text = execute(words, {"LC_ALL": "C"}, echo=False)
    return "" if code else text.strip()


def succeeds(*words: str) -> bool:
    return execute(words, {}, echo=False)[0] == 0


def say(message: str) -> None:
    print(f"rediform: {message}", file=sys.stderr, flush=True)


def failed(words: Sequence[str], code: int, said: str) -> Failed:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return Failed(f"{' '.join(words)} ended with {code}: {' | '.join(lines[-LAST:]) or 'it printed nothing'}")


def execute(words: Sequence[str], environment: Mapping[str, str], echo: bool) -> tuple[int, str]:
    """Exit code and output of a program. With `echo`, each line is printed as it comes and only the last ones are
    returned; without, standard output is returned, or standard error if the program fails.
    """
    variables = {**os.environ, **environment}
    try:
        if echo:
            return _echo(words, variables)
        done = subprocess.run(
            words,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        return 127, str(error)
    return done.returncode, (done.returncode and done.stderr) or done.stdout


def _echo(words: Sequence[str], variables: Mapping[str, str]) -> tuple[int, str]:
    child = subprocess.Popen(
        words,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    last: deque[str] = deque(maxlen=10 * LAST)

    def listen() -> None:
        assert child.stdout
        with child.stdout:
            for line in child.stdout:
                last.append(line)
                print(line, end="", flush=True)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    code = child.wait()
    listener.join(DRAIN)
    return code, "".join(list(last))
