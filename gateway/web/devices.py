"""Say in words which device a session is on, from what its browser called itself."""

from __future__ import annotations

# The order matters: browsers name those they descend from too.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "CrOS": "Chromebook",
    "Windows": "Windows",
    "Macintosh": "Mac",
    "Linux": "Linux",
}


def words(user_agent: str) -> str:
    """Say it simply ("Firefox on Windows"); what is neither known is no browser we know of."""
    browser = next((name for mark, name in BROWSERS.items() if mark in user_agent), None)
    system = next((name for mark, name in SYSTEMS.items() if mark in user_agent), None)
    if browser is None:
        return f"An unknown browser on {system}" if system else "Another program"
    return f"{browser} on {system}" if system else browser
