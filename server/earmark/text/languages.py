"""Which language a file is written in, as the slugs of DESIGN §7."""

from __future__ import annotations

SLUGS = (
    "python",
    "javascript",
    "typescript",
    "tsx",
    "go",
    "java",
    "rust",
    "c",
    "cpp",
    "csharp",
    "ruby",
    "php",
    "kotlin",
    "swift",
    "bash",
    "sql",
    "terraform",
    "dockerfile",
    "yaml",
    "json",
    "html",
)

_SUFFIXES = {
    "python": "py pyi pyw py3 wsgi",
    "javascript": "js mjs cjs jsx es6",
    "typescript": "ts mts cts",
    "tsx": "tsx",
    "go": "go",
    "java": "java",
    "rust": "rs",
    "c": "c h",
    "cpp": "cc cpp cxx c++ hh hpp hxx h++ ipp inl cu cuh",
    "csharp": "cs csx",
    "ruby": "rb rake gemspec ru",
    "php": "php phtml php5 php7 inc",
    "kotlin": "kt kts",
    "swift": "swift",
    "bash": "sh bash zsh ksh bats ebuild",
    "sql": "sql ddl dml psql pgsql",
    "terraform": "tf tfvars hcl tofu",
    "dockerfile": "dockerfile containerfile",
    "yaml": "yaml yml",
    "json": "json jsonc json5 tfstate",
    "html": "html htm xhtml shtml vue svelte ejs erb rhtml hbs handlebars mustache jinja jinja2 j2 njk twig liquid jsp"
    " cshtml aspx",
}
_BY_SUFFIX = {suffix: slug for slug, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}

_BY_NAME = {
    "dockerfile": "dockerfile",
    "containerfile": "dockerfile",
    "gemfile": "ruby",
    "rakefile": "ruby",
    "vagrantfile": "ruby",
    "fastfile": "ruby",
    "podfile": "ruby",
    "brewfile": "ruby",
    "sconstruct": "python",
    "sconscript": "python",
    ".bashrc": "bash",
    ".bash_profile": "bash",
    ".profile": "bash",
    ".zshrc": "bash",
    ".envrc": "bash",
    "apkbuild": "bash",
    "pkgbuild": "bash",
    ".babelrc": "json",
    ".eslintrc": "json",
    "pipfile.lock": "json",
    "composer.lock": "json",
}

# Identifiers of the language-server protocol and of common editors that differ from our slugs.
_BY_LANGUAGE_ID = {
    "javascriptreact": "javascript",
    "typescriptreact": "tsx",
    "typescript.tsx": "tsx",
    "javascript.jsx": "javascript",
    "shellscript": "bash",
    "sh": "bash",
    "zsh": "bash",
    "jsonc": "json",
    "hcl": "terraform",
    "terraform-vars": "terraform",
    "opentofu": "terraform",
    "docker": "dockerfile",
    "dockerfile": "dockerfile",
    "c++": "cpp",
    "c_sharp": "csharp",
    "dockercompose": "yaml",
    "github-actions-workflow": "yaml",
    "helm": "yaml",
    "vue": "html",
    "svelte": "html",
    "handlebars": "html",
    "razor": "html",
    "django-html": "html",
    "jinja-html": "html",
    "erb": "html",
    "twig": "html",
    "plsql": "sql",
    "pgsql": "sql",
    "postgres": "sql",
    "mysql": "sql",
}

_INTERPRETERS = {
    "python": "python",
    "pypy": "python",
    "node": "javascript",
    "nodejs": "javascript",
    "deno": "typescript",
    "bun": "typescript",
    "ts-node": "typescript",
    "tsx": "typescript",
    "ruby": "ruby",
    "php": "php",
    "sh": "bash",
    "bash": "bash",
    "dash": "bash",
    "ash": "bash",
    "zsh": "bash",
    "ksh": "bash",
}


def language_of(path: str, first_line: bytes = b"", language_id: str = "") -> str:
    """The slug of the language of the file at `path`, or "" when it is none that we parse.

    `first_line` decides for files without a telling name (a `#!` line); `language_id` is what an editor says the
    document is and wins where it is one we know, because a user may have set it by hand.
    """
    known = language_id.lower()
    if known:
        slug = _BY_LANGUAGE_ID.get(known, known if known in SLUGS else "")
        # An editor calls .tsx "typescript" when it has no React mode; the grammar must then follow the name.
        if slug and not (slug == "typescript" and path.endswith(".tsx")):
            return slug
    name = path.replace("\\", "/").rsplit("/", 1)[-1].lower()
    slug = _BY_NAME.get(name, "")
    if slug:
        return slug
    if name.startswith(("dockerfile.", "containerfile.")):
        return "dockerfile"
    _, dot, suffix = name.rpartition(".")
    if dot and suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    return _from_shebang(first_line)


def _from_shebang(first_line: bytes) -> str:
    if not first_line.startswith(b"#!"):
        return ""
    words = first_line[2:200].decode("ascii", "replace").split()
    for word in words:
        interpreter = word.rsplit("/", 1)[-1]
        if interpreter == "env" or interpreter.startswith("-") or "=" in interpreter:
            continue
        return _INTERPRETERS.get(interpreter.rstrip("0123456789."), "")
    return ""
