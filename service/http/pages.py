"""Pages for people: plain HTML made here, without scripts or anything fetched from elsewhere."""

from __future__ import annotations

import re
from html import escape
from typing import Final

from litestar import Response
from litestar.enums import MediaType

_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1c2430; max-width: 60rem; margin: 0 auto; padding: 1rem 1.5rem }
h1, h2, h3 { line-height: 1.2 } h2 { margin-top: 2.5rem; border-bottom: 1px solid #d8dee6 }
a { color: #0b57a4 } code, pre { font: 14px/1.45 ui-monospace, monospace; background: #f3f5f8; border-radius: 4px }
code { padding: .1em .3em } pre { padding: .8rem 1rem; overflow-x: auto } pre code { padding: 0 }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .35rem .6rem;
border-bottom: 1px solid #e4e8ee } section { margin: 2rem 0 } .method { font-weight: 700; color: #0b57a4 }
@media (prefers-color-scheme: dark) { body { background: #12161c; color: #dfe5ec } a, .method { color: #7fb8f5 }
code, pre { background: #1d232c } h2, th, td { border-color: #303843 } }
"""


def page(title: str, *blocks: str) -> bytes:
    """A whole page; ``title`` is text, ``blocks`` are HTML."""
    heading = escape(title)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{heading} · Liftoff</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><h1>{heading}</h1>{''.join(blocks)}</body></html>"
    ).encode()


def as_response(html: bytes) -> Response[bytes]:
    """A page as an answer."""
    return Response(html, media_type=MediaType.HTML)


def prose(text: str) -> str:
    """Text with `code` in backticks, as paragraphs."""
    paragraphs = (re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(each)) for each in text.split("\n\n"))
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def table(headings: list[str], rows: list[list[str]]) -> str:
    """A table; headings are text, cells are HTML."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def link(address: str, text: str) -> str:
    """A link; both are text."""
    return f'<a href="{escape(address)}">{escape(text)}</a>'


def code(text: str) -> str:
    """Text as code, in a line."""
    return f"<code>{escape(text)}</code>"


def listing(text: str) -> str:
    """Text as a block of code."""
    return f"<pre><code>{escape(text)}</code></pre>"
