"""Run by `python -I -S`: sets the import path that the parent worked out and starts a worker.

`site` is not imported, so no `.pth` file and no editable install can bring the course back onto the path. The
package `autograder` is a bare name here: its `__init__` is not run.
"""

import json
import os
import sys
import types


def main() -> None:
    config = json.loads(sys.argv[2])
    sys.path[:] = config["path"]
    sys.prefix, sys.exec_prefix = config["prefix"], config["exec_prefix"]
    sys.dont_write_bytecode = True
    package = types.ModuleType("autograder")
    package.__path__ = [config["package"]]
    sys.modules["autograder"] = package
    if sys.argv[1] == "fork":
        from autograder.worker.zygote import serve as start
    else:
        from autograder.worker.spawned import serve as start
    sys.argv[:] = [""]
    start(config)
    os._exit(0)


main()
