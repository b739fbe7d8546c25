"""Other gates that a repository configures, read to say beforehand what they will refuse.

Invariants
- Files are read as committed at HEAD, at most 512 KiB each, and never run: YAML through the base loader (text, lists,
  mappings), patterns on RE2, and what is a program (`commitlint.config.js`) is named and left unread.
- One module a gate, each with a pure function `(file, subject) -> findings`; for a file that its gate could not read
  either it raises `Unreadable` and nothing else.
- A finding says `refuses` only when file and change together prove it; `asks` is a condition that the change meets
  later (a review, a label), `unread` a gate whose word cannot be had. Silence is no promise: a forge has settings of
  its own.
- Deliberately absent: forge settings that no file shows, and parents or includes fetched from elsewhere.
"""
