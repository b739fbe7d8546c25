"""Asking the right person: owners, routing, the request document, the forges, approvals that hold.

Invariants
- Owners, routing, the document and every request to a forge are computed by pure functions: equal input, equal bytes.
- What is sent is what the preview shows. `forges/` builds requests; only `send` opens a connection.
- A request is looked up by its marker before every send, so asking again changes the request and never adds one. An
  answer that is no list is no look-up.
- A token goes to the hosts it belongs to and nowhere else; it is never stored and never logged.
- Text that others wrote (paths, lines of code, titles, session names) reaches Markdown only through `markdown`.
- Deliberately absent: the gate's verdict, anything that approves without a forge login or a verified signature, and
  widening a request by itself when nobody answers.
"""
