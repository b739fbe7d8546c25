"""Whether a package that a text names exists, and is the one that was meant.

Invariants
- Offline: names are looked up in data that ships with the wheel and says its date. Nothing asks a registry.
- A name that the workspace answers for (manifest, lock file, own modules, a private index) is never doubted.
- The workspace is only looked at once a name is in doubt; what most texts import costs no IO.
- Manifests and lock files are foreign text: bounded in size, number and depth, read and never run.
- Deliberately absent: versions, vulnerabilities and licences. Those change daily and have tools of their own.
"""
