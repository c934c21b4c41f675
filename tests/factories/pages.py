"""A person at the pages without any script: reads them, follows links and sends the forms that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from contracts import demo
from tests.factories import api, codes

SECONDS = 20
"""How long a test waits for one page."""
VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "circle", "path"})


@dataclass
class Element:
    """An element of a page."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def all(self, tag: str | None = None, **attributes: str) -> list[Element]:
        """Return the elements within that have this tag and these attributes (``class_`` holds one class)."""
        return [found for found in self._descendants() if found.matches(tag, attributes)]

    def matches(self, tag: str | None, attributes: Mapping[str, str]) -> bool:
        if tag is not None and self.tag != tag:
            return False
        wanted = dict(attributes)
        name = wanted.pop("class_", None)
        if name is not None and name not in self.attributes.get("class", "").split():
            return False
        return all(self.attributes.get(key) == value for key, value in wanted.items())

    @property
    def text(self) -> str:
        """Return what is read, on one line; scripts and styles are not read."""
        return " ".join(" ".join(self._texts()).split())

    def _descendants(self) -> Iterator[Element]:
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child._descendants()

    def _texts(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag not in ("script", "style"):
                yield from child._texts()


class _Reader(HTMLParser):
    """Builds the elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Element("root", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self._open[-1].tag == tag, f"</{tag}> where <{self._open[-1].tag}> is open"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


class Page:
    """One answer, as somebody sees it."""

    def __init__(self, answer: requests.Response) -> None:
        self.status = answer.status_code
        self.url = answer.url
        self.path = urlsplit(answer.url).path
        self.headers = answer.headers
        self.html = answer.text
        reader = _Reader()
        reader.feed(self.html)
        reader.close()
        self.root = reader.root

    @property
    def text(self) -> str:
        """Return what is read in the page's body."""
        (body,) = self.root.all("body")
        return body.text

    @property
    def main(self) -> Element:
        (main,) = self.root.all("main")
        return main

    @property
    def heading(self) -> str:
        (heading,) = self.root.all("h1")
        return heading.text

    def error(self, name: str) -> str:
        """Return the words next to a field, or nothing; the summary at the top must say them too."""
        found = self.root.all(id=f"{name.replace('.', '-')}-error")
        if not found:
            return ""
        words = found[0].text.removeprefix("Error:").strip()
        (summary,) = self.root.all(class_="nhsuk-error-summary")
        assert words in summary.text, f"the summary does not say “{words}”"
        links = summary.all("a", href=f"#{name.replace('.', '-')}")
        assert links, f"the summary does not lead to {name}"
        return words

    def link(self, text: str) -> str:
        """Return the address of the link that reads ``text``, or begins with it."""
        found = [link for link in self.root.all("a") if link.text.startswith(text)]
        assert found, f"no link “{text}” on {self.url}"
        return found[0].attributes["href"]

    def row(self, text: str) -> Element:
        """Return the list item, or row of a table, that holds ``text``."""
        found = [row for tag in ("li", "tr") for row in self.main.all(tag) if text in row.text]
        assert found, f"nothing says “{text}” on {self.url}: {self.text[:500]}"
        return found[-1]

    def forms(self) -> list[Form]:
        return [Form(element) for element in self.root.all("form")]

    def form(self, button: str) -> Form:
        """Return the form that has this button."""
        found = [form for form in self.forms() if form.button(button)]
        assert found, f"no button “{button}” on {self.url}: {self.text[:800]}"
        return found[0]


class Form:
    """A form as a browser without script sends it."""

    def __init__(self, element: Element) -> None:
        self.element = element
        self.action = element.attributes.get("action", "")
        self.method = element.attributes.get("method", "get").upper()

    def button(self, text: str) -> Element | None:
        """Return the first button that a person can see with this text, or one that begins with it."""
        buttons = [button for button in self.element.all("button") if "aria-hidden" not in button.attributes]
        whole = [button for button in buttons if button.text == text]
        begun = [button for button in buttons if button.text.startswith(text)]
        return (whole or begun or [None])[0]

    def names(self) -> set[str]:
        return {control.attributes["name"] for control in self._controls()}

    def value(self, name: str) -> str:
        """Return what a field holds when nobody touches it."""
        return next((value for found, value in self._untouched() if found == name), "")

    def filled(self, changes: Mapping[str, Any], *, press: str) -> list[tuple[str, str]]:
        """Return what is sent when somebody enters ``changes`` and presses a button.

        A text goes into a field; ``True``, ``False`` or a list of values tick boxes.
        """
        for name, value in changes.items():
            self._check_possible(name, value)
        sent = [(name, value) for name, value in self._untouched() if name not in changes]
        for name, value in changes.items():
            sent += [(name, one) for one in self._values(name, value)]
        button = self.button(press)
        assert button is not None
        if "name" in button.attributes:
            sent.append((button.attributes["name"], button.attributes.get("value", "")))
        return sent

    def _controls(self) -> list[Element]:
        return [
            found
            for found in self.element.all()
            if found.tag in ("input", "select", "textarea") and "name" in found.attributes
        ]

    def _named(self, name: str) -> list[Element]:
        found = [control for control in self._controls() if control.attributes["name"] == name]
        assert found, f"the form has no field {name}: {sorted(self.names())}"
        return found

    def _untouched(self) -> list[tuple[str, str]]:
        sent = []
        for control in self._controls():
            kind, name = control.attributes.get("type", control.tag), control.attributes["name"]
            if control.tag == "select":
                options = control.all("option")
                chosen = [option for option in options if "selected" in option.attributes] or options[:1]
                sent += [(name, _value(option)) for option in chosen]
            elif control.tag == "textarea":
                sent.append((name, "".join(str(child) for child in control.children)))
            elif kind not in ("checkbox", "radio") or "checked" in control.attributes:
                sent.append((name, control.attributes.get("value", "on" if kind == "checkbox" else "")))
        return sent

    def _check_possible(self, name: str, value: Any) -> None:
        control = self._named(name)[0]
        kind = control.attributes.get("type", control.tag)
        assert kind != "hidden", f"nobody can type into {name}"
        if isinstance(value, str) and kind in ("radio", "select"):
            offered = self._offered(name)
            assert value in offered, f"{name} offers {offered}"

    def _offered(self, name: str) -> list[str]:
        controls = self._named(name)
        if controls[0].tag == "select":
            return [_value(option) for option in controls[0].all("option")]
        return [control.attributes.get("value", "on") for control in controls]

    def _values(self, name: str, value: Any) -> list[str]:
        if isinstance(value, bool):
            return self._offered(name) if value else []
        if isinstance(value, (list, tuple)):
            unknown = set(value) - set(self._offered(name))
            assert not unknown, f"{name} does not offer {unknown}"
            return list(value)
        return [str(value)]


class Visitor:
    """Somebody with a browser of their own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()

    def get(self, address: str, **query: Any) -> Page:
        return self._page(self.http.get(urljoin(self.url, address), params=query, timeout=SECONDS))

    def send(self, page: Page, press: str, changes: Mapping[str, Any] | None = None) -> Page:
        """Fill in the form on ``page`` that has the button, press it and see where that leads."""
        form = page.form(press)
        fields = form.filled(changes or {}, press=press)
        address = urljoin(page.url, form.action)
        if form.method == "GET":
            return self._page(self.http.get(address.partition("#")[0], params=fields, timeout=SECONDS))
        return self._page(self.http.post(address, data=fields, timeout=SECONDS))

    def sign_in(self, email: str, password: str = demo.PASSWORD, **more: Any) -> Page:
        """Sign in with the password and, where it is asked for, a code."""
        form = {"email": email, "password": password, **more}
        page = self.send(self.get("/sign-in"), "Sign in", form)
        if page.path == "/sign-in/code":
            page = self.send(page, "Continue", {"code": codes.fresh(self.url, email)})
        return page

    def _page(self, answer: requests.Response) -> Page:
        assert answer.status_code < 500, f"{answer.url}: {answer.status_code} {answer.text[-1500:]}"
        return Page(answer)


def signed_in(url: str, email: str, password: str = demo.PASSWORD) -> Visitor:
    """Return somebody who has signed in; who needs a code shares one session at each product."""
    visitor = Visitor(url)
    if email in codes.PEOPLE:
        visitor.http.cookies.set("session", api.token_of(api.sign_in(url, email, password)))
        page = visitor.get("/home")
    else:
        page = visitor.sign_in(email, password)
    assert page.path == "/home", page.text
    return visitor


def links_in(text: str) -> list[str]:
    """Return the addresses in a mail's text."""
    return re.findall(r"https?://\S+", text)


def _value(option: Element) -> str:
    return option.attributes.get("value", option.text)
