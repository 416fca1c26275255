"""Tells which tests ran and which were skipped, and why: the end of ./verify.

usage: python3 table.py [--require-all]     in the project's folder, after mvn verify
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
            why = None if skip is None else (skip.get("message") or "no reason given").split("\n")[0]
            yield suite.get("name"), case.get("name"), why


def test_classes():
    """Classes that hold tests, by the names that Surefire and Failsafe go by."""
    for folder, _, files in sorted(os.walk(SOURCES)):
        for name in sorted(files):
            path = os.path.join(folder, name)
            if name.endswith(("Test.java", "IT.java")):
                with open(path, encoding="utf-8") as file:
                    if TEST.search(file.read()):
                        yield os.path.relpath(path, SOURCES)[:-len(".java")].replace(os.sep, ".")


def main(words):
    found = list(cases())
    skipped = [("%s.%s" % (owner, name), why) for owner, name, why in found if why is not None]
    ran = len(found) - len(skipped)
    # A class that is skipped as a whole (an assumption in @BeforeAll) leaves a report without tests.
    seen = {owner for owner, _, _ in found}
    skipped += [(name, "no test of it ran") for name in test_classes() if name not in seen]
    print("\n%d tests ran, %d were skipped" % (ran, len(skipped)))
    for name, why in skipped:
        print("  skipped %s: %s" % (name, why))
    return 1 if ran == 0 or ("--require-all" in words and skipped) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
