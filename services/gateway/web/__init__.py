"""The screens: pages for residents, gates, property and officials, which call the one API like any other client.

A page is a shell in one language, without anybody's data: it may be cached, and works without network as far as its
script does. Who is signed in stands in cookies that no script can read (`session`). What the pages load is built from
`src/` into `static/` by `build.mjs`.
"""

from services.gateway.web.pages import PAGES, WebPages
from services.gateway.web.session import Sessions, with_session

__all__ = ["PAGES", "Sessions", "WebPages", "with_session"]
