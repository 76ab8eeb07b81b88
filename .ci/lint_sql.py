"""Run sqlfluff on the dbt project; its dbt templater wants a database, so it gets one that is thrown away."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from creditgate.policy.paths import dbt_dir


def main(paths: list[str]) -> int:
    """Lint these paths of the dbt project (all of it by default); sqlfluff's exit status."""
    with tempfile.TemporaryDirectory(prefix="creditgate-lint-") as folder:
        os.environ["CREDITGATE_HOME"] = folder
        os.environ.pop("DATABASE_URL", None)
        from creditgate.policy.contracts import known_items, load_contract
        from creditgate.policy.providers import load_providers
        from creditgate.warehouse.connect import dbt_env
        from creditgate.warehouse.prepare import prepare_warehouse
        from creditgate.warehouse.server import Server

        try:
            prepare_warehouse(map(load_contract, known_items()), load_providers().values())
            sqlfluff = Path(sys.executable).with_name("sqlfluff")
            command = [str(sqlfluff), "lint", "--processes", "2", *(paths or ["models"])]
            environment = {
                **os.environ,
                **dbt_env(),
                "DBT_TARGET_PATH": f"{folder}/target",
                "DBT_LOG_PATH": folder,
            }
            return subprocess.run(command, cwd=dbt_dir(), env=environment, check=False).returncode
        finally:
            Server(Path(folder)).stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
