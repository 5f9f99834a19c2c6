"""The command `nsdc encode` as a module, so that torchrun can start it with `-m`:

torchrun --nproc-per-node 2 -m nsdcodec.encode cifar10 -o c10.nsd --set optimizer.draws=2

The function of the same name, `from nsdcodec import encode`, is in `nsdcodec.encoding.encoder`.
"""

from __future__ import annotations

import importlib
import sys


def main() -> None:
    sys.argv.insert(1, "encode")
    importlib.import_module("nsdcodec_cli").main()


if __name__ == "__main__":
    main()
