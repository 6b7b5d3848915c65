"""An alert as each sink takes it: Slack's JSON, a mail, a line of a log."""

from typing import Any

from taxi_assets.domain.alerts import Alert


def as_slack(alert: Alert) -> dict[str, Any]:
    """The alert as Slack's incoming webhooks take it; others read `text`."""
    title, reason, remedy = (_escaped(t) for t in (alert.title, alert.reason, alert.remedy))
    said = f"*{title}*\n{reason}\n{remedy}\n<{_escaped(alert.link)}|Open it in Dagster>"
    about = " · ".join(part for part in (alert.severity, alert.kind, _time(alert)) if part)
    return {
        "text": f"{title}: {alert.link}",
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": said}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": about}]},
        ],
    }


def as_mail(alert: Alert) -> tuple[str, str]:
    """Subject and plain text."""
    told = (f"{alert.title}.", alert.reason, alert.remedy, alert.link, _time(alert))
    return f"[taxi-assets {alert.severity}] {alert.title}", "\n\n".join(told) + "\n"


def as_log_line(alert: Alert) -> str:
    """One line."""
    return f"{alert.title}. {alert.reason} {alert.remedy} {alert.link}"


def _escaped(text: str) -> str:
    """Slack reads these three as markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _time(alert: Alert) -> str:
    return alert.at.isoformat(sep=" ", timespec="seconds")
