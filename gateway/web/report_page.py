"""The report as a page: plain, readable, prints well, works without scripts."""

from contracts.aanlevering import AanleveringStatus, Ernst, Verwerkingsverslag
from contracts.row_states import ROW_STATES, Group
from gateway.web.headers import page_policy
from gateway.web.templating import environment, stylesheet

STATUS_TEXT = {
    AanleveringStatus.AANGEKONDIGD: "aangekondigd",
    AanleveringStatus.ONTVANGEN: "ontvangen, wacht op verwerking",
    AanleveringStatus.IN_VERWERKING: "in verwerking",
    AanleveringStatus.VERWERKT: "verwerkt",
    AanleveringStatus.AFGEKEURD: "afgekeurd",
}
ERNST_TEXT = {Ernst.FATAL: "Hele bestand", Ernst.ERROR: "Fout", Ernst.WARNING: "Waarschuwing"}
GROUP_TEXT = {Group.REFUSED: "Geweigerd", Group.DELIVERED: "Afgeleverd", Group.WAITING: "Wacht"}


def render_report(report: Verwerkingsverslag, *, base_url: str) -> tuple[str, str]:
    """(HTML, its Content-Security-Policy). `base_url`: a page that was saved still finds what it links to."""
    style = stylesheet()
    states = [
        (GROUP_TEXT[info.group], info.meaning, report.aantallen.per_status.get(info.name, 0))
        for info in ROW_STATES.values()
    ]
    page = (
        environment()
        .get_template("verwerkingsverslag.html")
        .render(
            verslag=report,
            stijl=style,
            basis=base_url,
            status=STATUS_TEXT[report.status],
            ernst=ERNST_TEXT,
            toestanden=[line for line in states if line[2]],
            toestand={info.name: info.meaning for info in ROW_STATES.values()},
        )
    )
    return page, page_policy(style)
