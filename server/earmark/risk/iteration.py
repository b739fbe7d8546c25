"""What happens to the thing a loop goes through, and to its variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from earmark.risk.flow import escaped
from earmark.risk.places import regex
from earmark.risk.query import calls_in

if TYPE_CHECKING:
    from tree_sitter import Node

    from earmark.risk.source import Source

# The loops that go through a collection, and the field that holds it.
_ITERATED = {
    "for_statement": "right", "for_in_statement": "right", "foreach_statement": "right",
    "enhanced_for_statement": "value",
}  # fmt: skip
# Views of a collection: a change of the collection is a change of what they go through.
_VIEW = r"^(?:(?:enumerate|reversed|iter|zip)\()?([\w.$\[\]\"']+?)(?:\.(?:items|keys|values|entrySet|keySet)\(\))?\)?$"
_LEAVES = r"^\s*(?:break|return|raise|throw)\b"
# A function given to one of these runs before the loop goes on.
_AT_ONCE = (
    r"(?:^|\.)(?:map|filter|reduce|sorted|sort|min|max|any|all|sum|next|groupby|forEach|some|every|find|findIndex)$"
)


# Where one of these stands the function may come to its end another way.
_ENDS = (
    r"\b(?:if|for|while|try|match|switch|case|return|raise|throw|yield|with|assert|and|or|await|lambda|def|select|go|defer)"
    r"\b|\?|&&|\|\|"
)


def changes_iterated(source: Source, node: Node) -> bool:
    """The call, deletion or assignment `node` changes the collection that a loop around it goes through, and the loop
    goes on."""
    changed = _changed(source, node)
    if not changed:
        return False
    for above in source.ancestors(node):
        if above.type in source.profile.functions:
            return False
        right = above.child_by_field_name(_ITERATED[above.type]) if above.type in _ITERATED else None
        body = above.child_by_field_name("body")
        if right is None or body is None or not body.start_byte <= node.start_byte < body.end_byte:
            continue
        seen = regex(_VIEW).search(source.of(right))
        if seen is not None and seen.group(1) == changed:
            return not _left_at_once(source, node)
    return False


def _changed(source: Source, node: Node) -> str:
    """The text of what `node` changes: the receiver of a method, the container of a deleted or assigned entry."""
    if node.type in source.profile.calls:
        function = node.child_by_field_name("function")
        holder = (function or node).child_by_field_name("object")
    else:
        target = node.child_by_field_name("left") or (node.named_children[0] if node.named_child_count else None)
        if target is not None and target.type == "subscript":
            target = target.child_by_field_name("value")
        holder = target
    return source.of(holder) if holder is not None else ""


def _left_at_once(source: Source, node: Node) -> bool:
    """Behind `node`, in its own block or one around it inside the loop, the loop is left."""
    at: Node | None = node
    for above in source.ancestors(node):
        if above.type in ("return_statement", "raise_statement"):
            return True
        if above.type in source.profile.loops or at is None:
            return False
        following = at.next_named_sibling if above.type == "block" else None
        while following is not None:
            if regex(_LEAVES).search(source.of(following)):
                return True
            following = following.next_named_sibling
        at = above
    return False


def captures_variable(source: Source, function: Node) -> bool:
    """The function is made in a loop, reads the loop's variable when it runs, and does not run at once."""
    loop = source.enclosing(function, source.profile.loops)
    if loop is None or source.function(function).start_byte > loop.start_byte:
        return False
    body, left = function.child_by_field_name("body"), _variable(loop)
    if body is None or left is None or not (left.end_byte <= function.start_byte or loop.type != "for_statement"):
        return False
    between = source.text[left.end_byte : function.start_byte].decode("utf-8", "replace")
    names = [n for n in regex(r"[A-Za-z_]\w*").findall(source.of(left)) if not regex(rf"\b{n}\s*:=").search(between)]
    own = source.parameters(function) | set(source.assigned(function))
    read = [n for n in names if n not in own and regex(rf"\b{escaped(n)}\b").search(source.of(body))]
    return bool(read) and not _runs_at_once(source, function)


def _variable(loop: Node) -> Node | None:
    """The variable of a loop, or of the clause of a comprehension."""
    for holder in (loop, *loop.named_children):
        left = holder.child_by_field_name("left") if holder.type.startswith(("for", "range")) else None
        if left is not None:
            return left
    return None


def _runs_at_once(source: Source, function: Node) -> bool:
    """Called where it is made, returned, or handed to something that calls it before the loop goes on."""
    for above in source.ancestors(function)[:4]:
        if above.type in ("return_statement", "yield"):
            return True
        if above.type in source.profile.calls:
            called = above.child_by_field_name("function")
            if called is not None and called.start_byte <= function.start_byte < called.end_byte:
                around = source.parent(above)
                return around is None or around.type not in ("go_statement", "defer_statement")
            keyed = regex(r"\b(?:key|default)\s*=\s*$").search(
                source.text[above.start_byte : function.start_byte].decode("utf-8", "replace")
            )
            return bool(keyed) or bool(regex(_AT_ONCE).search(source.names(above)[0]))
        if above.type in source.profile.loops or above.type == "block":
            return False
    return False


def calls_itself_always(source: Source, function: Node) -> bool:
    """The body begins with statements that call the function again, before anything could have ended it."""
    name, body = function.child_by_field_name("name"), function.child_by_field_name("body")
    if name is None or body is None:
        return False
    word = source.of(name)
    if word.encode() not in source.text[body.start_byte : body.end_byte]:
        return False
    above = source.ancestors(function)[:3]
    is_method = source.language == "python" and any(a.type == "class_definition" for a in above)
    own = {f"self.{word}", f"cls.{word}"} if is_method else {word, f"this.{word}"}
    for statement in body.named_children:
        text = source.of(statement)
        if statement.type in source.profile.comments or regex(r"^[rbuf]*[\"']").search(text):
            continue
        calls = calls_in(source, statement.start_byte, statement.end_byte)
        again = any(own & set(source.names(c)) and _fits(source, c, function) for c in calls)
        if again or regex(_ENDS).search(text):
            return again and not regex(_ENDS).search(text.removeprefix("return"))
    return False


def _fits(source: Source, call: Node, function: Node) -> bool:
    """As many arguments as `function` has parameters, and no other function of its name in the file: of overloaded
    functions the call may mean another one."""
    parameters, name = function.child_by_field_name("parameters"), function.child_by_field_name("name")
    if source.language == "python" or parameters is None or name is None:
        return True
    alone = source.declared(source.of(name))
    return alone is not None and alone.id == function.id and parameters.named_child_count == len(source.arguments(call))
