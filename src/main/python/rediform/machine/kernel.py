"""What Redis's administration guide asks of the kernel. A host may refuse it: that is no reason to stay down, but one
for trouble, so health reports it.
"""

from rediform.machine import commands, files
from rediform.errors import Failed
from rediform.places import at

CONF = "/etc/sysctl.d/60-rediform.conf"
SYSCTL = {"net.core.somaxconn": "4096", "vm.overcommit_memory": "1", "vm.swappiness": "1"}
REPORTED = ("vm.overcommit_memory", "net.core.somaxconn")  # those that Redis itself warns about
HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage/"
NEVER = "never"

# Files of the kernel, and the word that each must contain.
ASKED = {
    **{"/proc/sys/" + name.replace(".", "/"): SYSCTL[name] for name in REPORTED},
    HUGE_PAGES + "enabled": f"[{NEVER}]",
}


def texts() -> dict[str, str]:
    return {CONF: "".join(f"{name} = {value}\n" for name, value in SYSCTL.items())}


def apply() -> None:
    for path, text in texts().items():
        files.write(path, text)
    try:
        commands.run("sysctl", "-q", "--system")
    except Failed:
        commands.say("some kernel settings were refused")
    for name in ("enabled", "defrag"):
        try:
            with open(at(HUGE_PAGES + name), "w", encoding="utf-8") as file:
                file.write(NEVER + "\n")
        except OSError:
            commands.say("THP stays on")


def refused_settings() -> list[str]:
    """Kernel settings that are not as they were asked for. One that this kernel does not have is none of them."""
    refused = []
    for path, wanted in ASKED.items():
        found = files.read(path).split()
        if found and wanted not in found:
            refused.append(f"{path} is {' '.join(found)}, wanted {wanted.strip('[]')}")
    return refused
