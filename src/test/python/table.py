"""Tells which tests ran and which were skipped, and why: the end of ./verify.

usage: python3 table.py [--require-all] [--hosts]     in the project's folder, after mvn verify
--hosts: the suites that take long were to run, too; otherwise they are listed with their command.
Exit code 1 when nothing ran, or with --require-all when anything was skipped.
"""

import glob
import os
import re
import sys
import xml.etree.ElementTree as xml

SOURCES = os.path.join("src", "test", "java")
TEST = re.compile(r"^\s*@(Test|ParameterizedTest|RepeatedTest|TestFactory|ArchTest)\b", re.MULTILINE)


def cases():
    """Class, name, and why it was skipped (None when it ran), of every test that a report holds.

    The report's own name is the class; a single test may be given by the class's simple name (ArchUnit's are).
    """
    for report in sorted(glob.glob("target/*-reports/TEST-*.xml")):
        suite = xml.parse(report).getroot()
        for case in suite.iter("testcase"):
            skip = case.find("skipped")
            yield suite.get("name"), case.get("name"), None if skip is None else reason(skip)


def reason(skip):
    """Why a test was skipped. Some reports have a message; of a failed assumption there is only its stack trace."""
    said = skip.get("message") or (skip.text or "").strip() or "no reason given"
    return re.sub(r"^([\w.]+TestAbortedException: )?(Assumption failed: )?", "", said.split("\n")[0])


def test_classes(*endings):
    """Classes that hold tests and whose names end like that, and how many tests each has."""
    for folder, _, files in sorted(os.walk(SOURCES)):
        for name in sorted(files):
            path = os.path.join(folder, name)
            if name.endswith(tuple(ending + ".java" for ending in endings)):
                with open(path, encoding="utf-8") as file:
                    tests = len(TEST.findall(file.read()))
                if tests:
                    yield os.path.relpath(path, SOURCES)[: -len(".java")].replace(os.sep, "."), tests


def main(words):
    found = list(cases())
    skipped = [("%s.%s" % (owner, name), why) for owner, name, why in found if why is not None]
    ran = len(found) - len(skipped)
    # A class that is skipped as a whole (an assumption in @BeforeAll) leaves a report without tests.
    seen = {owner for owner, _, _ in found}
    # Those that Surefire and Failsafe run by their names.
    expected = list(test_classes("Test", "IT"))
    suites = list(test_classes("Suite"))
    if "--hosts" in words:
        expected += suites
    skipped += [(name, "no test of it ran") for name, _ in expected if name not in seen]
    print("\n%d tests ran, %d were skipped" % (ran, len(skipped)))
    for name, why in skipped:
        print("  skipped %s: %s" % (name, why))
    if "--hosts" not in words:
        for name, tests in suites:
            if name not in seen:
                print(
                    "  not run %s, %d tests; to run it: ./verify --hosts, or mvn verify -Dit.test=%s"
                    % (name, tests, name.rsplit(".", 1)[-1])
                )
    return 1 if ran == 0 or ("--require-all" in words and skipped) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
