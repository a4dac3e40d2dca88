"""Hook of hatchling: adds the prepared values of all YAML files to a wheel."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PreparedDocuments(BuildHookInterface[Any]):
    """Writes the files of `refund_sandbox.core.shipped_documents` into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Prepare the files before the build."""
        sys.path.insert(0, str(Path(self.root) / "sandbox"))
        from refund_sandbox.core import shipped_documents
        from refund_sandbox.core.spec import loader

        self._folder = TemporaryDirectory()
        folder = Path(self._folder.name)
        for path in Path(self.root).glob("specs/*.yaml"):
            loader.prepare(folder, path.stem, path.read_text("utf-8"))
        for path in [*Path(self.root).glob("specs/*.yaml"), *Path(self.root).glob("fixtures/*.yaml")]:
            shipped_documents.prepare(folder, "yaml", path.read_text("utf-8"))
        build_data["force_include"][str(folder)] = f"refund_sandbox/{shipped_documents.FOLDER}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Delete the temporary files."""
        self._folder.cleanup()
