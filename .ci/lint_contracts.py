"""Run datacontract's lint on every contract of the checklist, in one process."""

from __future__ import annotations

import logging
import sys

from datacontract.data_contract import DataContract
from datacontract.model.run import ResultEnum

from creditgate.policy.paths import checklist_dir


def main() -> int:
    """Print a line for each contract; 1 where one does not pass."""
    logging.getLogger().setLevel(logging.ERROR)
    is_well = True
    for path in sorted(checklist_dir().glob("*.odcs.yaml")):
        run = DataContract(data_contract_file=str(path)).lint()
        sys.stdout.write(f"datacontract lint {path.name}: {run.result.value}\n")
        if run.result is not ResultEnum.passed:
            is_well = False
            for check in run.checks:
                sys.stdout.write(
                    f"  {check.result.value}: {check.name}: {check.reason or check.details or ''}\n"
                )
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
