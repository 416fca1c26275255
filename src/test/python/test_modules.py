"""How the agent's modules use each other."""
import ast
import glob
import os
import unittest

from fixtures import PACKAGE


def modules():
    """Names of modules, and their syntax."""
    for path in sorted(glob.glob(PACKAGE + "/rediform/**/*.py", recursive=True)):
        with open(path, encoding="utf-8") as file:
            name = os.path.relpath(path, PACKAGE)[: -len(".py")].replace(os.sep, ".")
            yield name.removesuffix(".__init__"), ast.parse(file.read())


def imports(nodes):
    """Those of the agent's own modules that are imported."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "rediform":
            for alias in node.names:
                yield "rediform." + alias.name if node.module == "rediform" else node.module


class Modules(unittest.TestCase):
    def test_each_knows_only_those_before_it(self):
        order = []
        known = {name: set(imports(ast.walk(tree))) for name, tree in modules()}
        while known:
            ready = [name for name, others in known.items() if others <= set(order)]
            self.assertTrue(ready, "these import each other: %s" % ", ".join(known))
            for name in ready:
                order.append(name)
                del known[name]

    def test_none_is_imported_once_its_bundle_may_be_gone(self):
        """A start-gate waits for hours. Meanwhile other agents are delivered, and old bundles removed."""
        for name, tree in modules():
            if name != "rediform.__main__":
                self.assertEqual(set(imports(ast.walk(tree))), set(imports(tree.body)), name)


if __name__ == "__main__":
    unittest.main()
