"""Hook of hatchling: adds the prepared values of all YAML files to a wheel."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PreparedDocuments(BuildHookInterface[Any]):
    """Writes the prepared file of `refund_sandbox.core.shipped_documents` into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Prepare the file before the build."""
        sys.path.insert(0, str(Path(self.root) / "sandbox"))
        from refund_sandbox.core import shipped_documents

        paths = [path for folder in ("specs", "fixtures") for path in sorted((Path(self.root) / folder).glob("*.yaml"))]
        self._folder = TemporaryDirectory()
        prepared = Path(self._folder.name) / shipped_documents.PREPARED
        prepared.write_text(shipped_documents.prepare(path.read_text("utf-8") for path in paths), "utf-8")
        build_data["force_include"][str(prepared)] = f"refund_sandbox/{shipped_documents.PREPARED}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Delete the temporary file."""
        self._folder.cleanup()
