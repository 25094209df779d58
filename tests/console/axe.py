"""What axe-core finds wrong with a page by the rules of WCAG 2.2 AA."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = (Path(__file__).parents[1] / "vendor" / "axe.min.js").read_text()
ALL = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
CONTRAST = {"type": "rule", "values": ["color-contrast"]}
CHECK = """async (rules) => {
  const found = await axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
  return found.violations.flatMap((one) => one.nodes.map((node) => `${one.id} ${node.target} ${node.any[0]?.message}`));
}"""


def faults(page: Page, where: str) -> list[str]:
    """Everything against the page as it stands, then against the contrast of the dark one; the page ends light."""
    page.emulate_media(reduced_motion="reduce")  # nothing is measured on its way from one colour to the other
    page.evaluate(AXE)
    found = page.evaluate(CHECK, ALL)
    page.emulate_media(color_scheme="dark")
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    found += page.evaluate(CHECK, CONTRAST)
    page.emulate_media(color_scheme="light")
    page.evaluate("document.documentElement.dataset.bsTheme = 'light'")
    return [f"{where}: {one}" for one in found]
