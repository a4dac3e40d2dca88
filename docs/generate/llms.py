"""llms.txt (llmstxt.org): the pages of the site for language models, from the navigation."""

from pathlib import Path

import yaml

_ROOT = Path(__file__).parents[2]


def render() -> str:
    site = yaml.safe_load((_ROOT / "mkdocs.yml").read_text())
    lines = [f"# {site['site_name']}", "", f"> {site['site_description']}", ""]
    for entry in site["nav"]:
        [(title, content)] = entry.items()
        if isinstance(content, str):
            lines += [_link(title, content), ""]
        else:
            lines += [f"## {title}", "", *(_link(*next(iter(one.items()))) for one in content), ""]
    return "\n".join(lines)


def _link(title: str, path: str) -> str:
    summary = _summary(_ROOT / "docs" / path)
    return f"- [{title}]({path})" + (f": {summary}" if summary else "")


def _summary(file: Path) -> str:
    """The first sentence below the title of a page; empty where something else comes first."""
    paragraphs = [part.strip() for part in file.read_text().split("\n\n")]
    paragraphs = [part for part in paragraphs if part and not part.startswith("<!--")]
    first = " ".join(paragraphs[1].split()) if len(paragraphs) > 1 else ""
    if not first[:1].isalpha() or "](" in first:
        return ""
    return first.partition(". ")[0].rstrip(".:") + "."
