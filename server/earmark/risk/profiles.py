"""What the engine must know about each language's tree: names of node types, nothing about rules.

Node types come from the grammars' own `node-types.json`. A profile holds sets of node types by role; `settings`,
`assigns` are (node type, field of the name, field of the value), an empty field name meaning "first or last named
child".
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

Triple = tuple[str, str, str]


class Profile(NamedTuple):
    """Roles of node types in one language. `suffix_names`: a rule's dotted name may match the end of a longer one."""

    calls: tuple[str, ...]
    strings: tuple[str, ...]
    interpolations: frozenset[str]
    literals: frozenset[str]
    composites: frozenset[str]
    names: frozenset[str]
    members: frozenset[str]
    functions: frozenset[str]
    loops: frozenset[str]
    catches: frozenset[str]
    tries: frozenset[str]
    binaries: frozenset[str]
    assigns: tuple[Triple, ...]
    settings: tuple[Triple, ...]
    imports: tuple[str, ...]
    comments: frozenset[str]
    statements: frozenset[str]
    suffix_names: bool = False


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _triples(text: str) -> tuple[Triple, ...]:
    found = []
    for item in text.split():
        node, _, fields = item.partition(":")
        name, _, value = fields.partition("=")
        found.append((node, name, value))
    return tuple(found)


def _profile(**roles: str) -> Profile:
    """A profile from words; roles that are not given are empty."""
    ordered = ("calls", "strings", "imports")
    triples = ("assigns", "settings")
    built: dict[str, object] = {}
    for role in Profile._fields:
        text = roles.get(role, "")
        if role == "suffix_names":
            built[role] = bool(text)
        elif role in ordered:
            built[role] = tuple(text.split())
        elif role in triples:
            built[role] = _triples(text)
        else:
            built[role] = _words(text)
    return Profile(**built)  # type: ignore[arg-type]


_JS = {
    "calls": "call_expression new_expression",
    "strings": "string template_string",
    "interpolations": "template_substitution",
    "literals": "string number true false null undefined regex",
    "composites": "array object pair binary_expression unary_expression parenthesized_expression ternary_expression "
    "as_expression satisfies_expression",
    "names": "identifier shorthand_property_identifier",
    "members": "member_expression subscript_expression",
    "functions": "function_declaration function_expression arrow_function method_definition generator_function "
    "generator_function_declaration",
    "loops": "for_statement for_in_statement while_statement do_statement",
    "catches": "catch_clause",
    "tries": "try_statement",
    "binaries": "binary_expression",
    "assigns": "variable_declarator:name=value assignment_expression:left=right augmented_assignment_expression:"
    "left=right for_in_statement:left=right",
    "settings": "pair:key=value variable_declarator:name=value assignment_expression:left=right "
    "augmented_assignment_expression:left=right public_field_definition:name=value jsx_attribute:=",
    "imports": "import_statement variable_declarator",
    "comments": "comment",
    "statements": "expression_statement lexical_declaration variable_declaration return_statement if_statement "
    "throw_statement",
}
_C = {
    "calls": "call_expression new_expression",
    "strings": "string_literal raw_string_literal concatenated_string",
    "literals": "string_literal number_literal char_literal true false null nullptr concatenated_string "
    "raw_string_literal sizeof_expression",
    "composites": "binary_expression unary_expression parenthesized_expression cast_expression initializer_list "
    "conditional_expression",
    "names": "identifier",
    "members": "field_expression subscript_expression qualified_identifier",
    "functions": "function_definition lambda_expression",
    "loops": "for_statement while_statement do_statement for_range_loop",
    "catches": "catch_clause",
    "tries": "try_statement",
    "binaries": "binary_expression",
    "assigns": "init_declarator:declarator=value assignment_expression:left=right",
    "settings": "init_declarator:declarator=value assignment_expression:left=right preproc_def:name=value",
    "imports": "preproc_include using_declaration",
    "comments": "comment",
    "statements": "expression_statement declaration return_statement if_statement",
    "suffix_names": "yes",
}
_ROLES: dict[str, dict[str, str]] = {
    "python": {
        "calls": "call",
        "strings": "string",
        "interpolations": "interpolation",
        "literals": "string integer float true false none ellipsis concatenated_string",
        "composites": "list tuple set dictionary pair binary_operator unary_operator parenthesized_expression "
        "concatenated_string conditional_expression boolean_operator not_operator expression_list",
        "names": "identifier",
        "members": "attribute subscript",
        "functions": "function_definition lambda",
        "loops": "for_statement while_statement list_comprehension generator_expression set_comprehension "
        "dictionary_comprehension",
        "catches": "except_clause except_group_clause",
        "tries": "try_statement",
        "binaries": "binary_operator",
        "assigns": "assignment:left=right augmented_assignment:left=right named_expression:name=value "
        "for_statement:left=right as_pattern:alias=",
        "settings": "keyword_argument:name=value pair:key=value assignment:left=right default_parameter:name=value "
        "typed_default_parameter:name=value",
        "imports": "import_statement import_from_statement",
        "comments": "comment",
        "statements": "expression_statement return_statement if_statement raise_statement with_statement "
        "assert_statement delete_statement",
    },
    "javascript": _JS,
    "typescript": _JS,
    "tsx": _JS,
    "go": {
        "calls": "call_expression composite_literal",
        "strings": "interpreted_string_literal raw_string_literal",
        "literals": "interpreted_string_literal raw_string_literal int_literal float_literal rune_literal true false "
        "nil iota imaginary_literal",
        "composites": "expression_list binary_expression unary_expression parenthesized_expression literal_value "
        "keyed_element literal_element composite_literal",
        "names": "identifier",
        "members": "selector_expression index_expression",
        "functions": "function_declaration method_declaration func_literal",
        "loops": "for_statement",
        "binaries": "binary_expression",
        "assigns": "short_var_declaration:left=right assignment_statement:left=right var_spec:name=value "
        "const_spec:name=value range_clause:left=right",
        "settings": "keyed_element:= short_var_declaration:left=right assignment_statement:left=right "
        "var_spec:name=value const_spec:name=value",
        "imports": "import_spec",
        "comments": "comment",
        "statements": "expression_statement short_var_declaration assignment_statement return_statement if_statement "
        "defer_statement go_statement var_declaration",
    },
    "java": {
        "calls": "method_invocation object_creation_expression explicit_constructor_invocation",
        "strings": "string_literal text_block",
        "literals": "string_literal decimal_integer_literal hex_integer_literal decimal_floating_point_literal true "
        "false null_literal character_literal text_block class_literal",
        "composites": "binary_expression unary_expression parenthesized_expression cast_expression array_initializer "
        "ternary_expression array_creation_expression",
        "names": "identifier",
        "members": "field_access array_access",
        "functions": "method_declaration constructor_declaration lambda_expression",
        "loops": "for_statement while_statement do_statement enhanced_for_statement",
        "catches": "catch_clause",
        "tries": "try_statement try_with_resources_statement",
        "binaries": "binary_expression",
        "assigns": "variable_declarator:name=value assignment_expression:left=right enhanced_for_statement:name=value "
        "resource:name=value",
        "settings": "variable_declarator:name=value assignment_expression:left=right element_value_pair:key=value",
        "imports": "import_declaration",
        "comments": "line_comment block_comment",
        "statements": "expression_statement local_variable_declaration return_statement if_statement throw_statement",
        "suffix_names": "yes",
    },
    "rust": {
        "calls": "call_expression macro_invocation",
        "strings": "string_literal raw_string_literal",
        "literals": "string_literal raw_string_literal integer_literal float_literal boolean_literal char_literal "
        "negative_literal",
        "composites": "binary_expression unary_expression parenthesized_expression reference_expression "
        "array_expression tuple_expression type_cast_expression",
        "names": "identifier",
        "members": "field_expression index_expression scoped_identifier",
        "functions": "function_item closure_expression",
        "loops": "for_expression while_expression loop_expression",
        "binaries": "binary_expression",
        "assigns": "let_declaration:pattern=value assignment_expression:left=right const_item:name=value "
        "static_item:name=value for_expression:pattern=value compound_assignment_expr:left=right",
        "settings": "let_declaration:pattern=value assignment_expression:left=right const_item:name=value "
        "static_item:name=value field_initializer:field=value",
        "imports": "use_declaration",
        "comments": "line_comment block_comment",
        "statements": "expression_statement let_declaration",
        "suffix_names": "yes",
    },
    "c": _C,
    "cpp": _C,
    "csharp": {
        "calls": "invocation_expression object_creation_expression implicit_object_creation_expression",
        "strings": "string_literal verbatim_string_literal interpolated_string_expression raw_string_literal",
        "interpolations": "interpolation",
        "literals": "string_literal verbatim_string_literal raw_string_literal integer_literal real_literal "
        "boolean_literal null_literal character_literal typeof_expression",
        "composites": "binary_expression prefix_unary_expression parenthesized_expression cast_expression "
        "initializer_expression conditional_expression argument",
        "names": "identifier",
        "members": "member_access_expression element_access_expression",
        "functions": "method_declaration constructor_declaration lambda_expression local_function_statement "
        "anonymous_method_expression",
        "loops": "for_statement while_statement do_statement foreach_statement",
        "catches": "catch_clause",
        "tries": "try_statement",
        "binaries": "binary_expression",
        "assigns": "variable_declarator:name= assignment_expression:left=right foreach_statement:left=right",
        "settings": "variable_declarator:name= assignment_expression:left=right attribute_argument:=",
        "imports": "using_directive",
        "comments": "comment",
        "statements": "expression_statement local_declaration_statement return_statement if_statement throw_statement",
        "suffix_names": "yes",
    },
    "ruby": {
        "calls": "call",
        "strings": "string subshell heredoc_body",
        "interpolations": "interpolation",
        "literals": "string integer float true false nil simple_symbol hash_key_symbol string_content",
        "composites": "array hash pair binary unary parenthesized_statements conditional",
        "names": "identifier constant instance_variable",
        "members": "element_reference scope_resolution",
        "functions": "method singleton_method lambda",
        "loops": "while until for while_modifier until_modifier",
        "catches": "rescue rescue_modifier",
        "tries": "begin",
        "binaries": "binary",
        "assigns": "assignment:left=right operator_assignment:left=right",
        "settings": "pair:key=value assignment:left=right",
        "comments": "comment",
        "statements": "call assignment return if",
        "suffix_names": "yes",
    },
    "php": {
        "calls": "function_call_expression member_call_expression scoped_call_expression object_creation_expression "
        "nullsafe_member_call_expression",
        "strings": "string encapsed_string heredoc nowdoc shell_command_expression",
        "interpolations": "variable_name member_access_expression subscript_expression dynamic_variable_name",
        "literals": "string integer float boolean null",
        "composites": "array_creation_expression array_element_initializer binary_expression unary_op_expression "
        "parenthesized_expression argument encapsed_string conditional_expression class_constant_access_expression "
        "name",
        "names": "variable_name",
        "members": "member_access_expression subscript_expression scoped_property_access_expression",
        "functions": "function_definition method_declaration anonymous_function arrow_function",
        "loops": "for_statement while_statement do_statement foreach_statement",
        "catches": "catch_clause",
        "tries": "try_statement",
        "binaries": "binary_expression",
        "assigns": "assignment_expression:left=right augmented_assignment_expression:left=right",
        "settings": "assignment_expression:left=right array_element_initializer:= property_element:=",
        "imports": "namespace_use_clause",
        "comments": "comment",
        "statements": "expression_statement return_statement if_statement echo_statement",
        "suffix_names": "yes",
    },
    "kotlin": {
        "calls": "call_expression",
        "strings": "string_literal multiline_string_literal",
        "interpolations": "interpolation",
        "literals": "string_literal multiline_string_literal number_literal float_literal boolean_literal null "
        "character_literal",
        "composites": "binary_expression unary_expression parenthesized_expression value_argument",
        "names": "identifier",
        "members": "navigation_expression index_expression",
        "functions": "function_declaration lambda_literal anonymous_function",
        "loops": "for_statement while_statement do_while_statement",
        "catches": "catch_block",
        "tries": "try_expression",
        "binaries": "binary_expression",
        "assigns": "property_declaration:= assignment:left=right",
        "settings": "property_declaration:= assignment:left=right",
        "imports": "import",
        "comments": "line_comment block_comment",
        "statements": "call_expression property_declaration assignment",
        "suffix_names": "yes",
    },
    "swift": {
        "calls": "call_expression constructor_expression",
        "strings": "line_string_literal multi_line_string_literal raw_string_literal",
        "interpolations": "interpolated_expression",
        "literals": "line_string_literal multi_line_string_literal integer_literal real_literal boolean_literal nil",
        "composites": "additive_expression array_literal dictionary_literal tuple_expression prefix_expression",
        "names": "simple_identifier",
        "members": "navigation_expression",
        "functions": "function_declaration lambda_literal init_declaration",
        "loops": "for_statement while_statement repeat_while_statement",
        "catches": "catch_block",
        "tries": "do_statement",
        "binaries": "additive_expression",
        "assigns": "property_declaration:name=value assignment:target=result",
        "settings": "property_declaration:name=value assignment:target=result",
        "imports": "import_declaration",
        "comments": "comment multiline_comment",
        "statements": "call_expression property_declaration assignment",
        "suffix_names": "yes",
    },
    "bash": {
        "strings": "string raw_string",
        "interpolations": "simple_expansion expansion command_substitution",
        "literals": "word raw_string number string_content ansi_c_string",
        "composites": "string concatenation",
        "names": "variable_name",
        "functions": "function_definition",
        "loops": "for_statement while_statement c_style_for_statement",
        "assigns": "variable_assignment:name=value",
        "settings": "variable_assignment:name=value",
        "comments": "comment",
        "statements": "command pipeline list redirected_statement variable_assignment",
    },
    "terraform": {
        "strings": "string_lit quoted_template",
        "interpolations": "template_interpolation",
        "literals": "literal_value string_lit",
        "settings": "attribute:=",
        "comments": "comment",
        "calls": "function_call",
    },
    "dockerfile": {"comments": "comment"},
    "yaml": {
        "strings": "double_quote_scalar single_quote_scalar block_scalar plain_scalar",
        "settings": "block_mapping_pair:key=value flow_pair:key=value",
        "comments": "comment",
    },
    "json": {"strings": "string", "settings": "pair:key=value", "comments": "comment"},
    "html": {"settings": "attribute:=", "comments": "comment"},
    "sql": {"comments": "comment marginalia"},
}


_ROLES["php-fragment"] = _ROLES["php"]


@cache
def profile(language: str) -> Profile:
    """The profile of the slug `language`; one without any roles when there is none."""
    return _profile(**_ROLES.get(language, {}))
