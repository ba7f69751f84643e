//! Reads the literals that are words for people out of the source, with a parser for Rust.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::{self, Visit};

/// A text with the place where it stands first.
pub type Found = BTreeMap<String, String>;

/// All literals below `folder` that are words for people.
pub fn literals(root: &Path, folder: &str) -> Found {
    read(root, folder, is_words)
}

fn read(root: &Path, folder: &str, wanted: fn(&str) -> bool) -> Found {
    let mut files = Vec::new();
    walk(&root.join(folder), &mut files);
    files.sort();
    let mut out = Found::new();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let file = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let name = path.strip_prefix(root).unwrap().display().to_string();
        Reader { file: name, wanted, out: &mut out }.visit_file(&file);
    }
    out
}

fn walk(at: &Path, out: &mut Vec<PathBuf>) {
    if at.is_file() {
        out.push(at.to_owned());
        return;
    }
    for entry in fs::read_dir(at).unwrap_or_else(|e| panic!("{}: {e}", at.display())) {
        let path = entry.unwrap().path();
        let tests = path.file_stem().is_some_and(|n| n == "tests");
        if path.is_dir() || (path.extension().is_some_and(|e| e == "rs") && !tests) {
            walk(&path, out);
        }
    }
}

/// Macros whose texts are not for people's eyes on a screen.
const SILENT: &[&str] = &[
    "matches",
    "json",
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "include_str",
    "include_dir",
    "include_bytes",
    "env",
    "concat",
    "cfg",
    "tracing",
    "debug",
    "info",
    "warn",
    "error",
    "trace",
    "event",
    "span",
    "instrument",
    "todo",
    "unreachable",
    "panic",
    "query",
    "params",
];
/// Calls whose texts are names of something, not words.
const NAMES: &[&str] = &[
    "get",
    "get_str",
    "pointer",
    "strip_prefix",
    "strip_suffix",
    "starts_with",
    "ends_with",
    "split",
    "split_once",
    "rsplit",
    "rsplit_once",
    "contains",
    "find",
    "rfind",
    "replace",
    "trim_start_matches",
    "trim_end_matches",
    "expect",
    "series",
    "var",
    "var_os",
    "header",
    "insert_header",
    "panel",
    "eq_ignore_ascii_case",
    "parse_from_str",
    "with_label",
    "format_time",
    "env_remove",
    "arg",
    "target",
];

/// Functions that give names, not words.
const NAMING: &[&str] = &["id", "key", "keys", "as_str", "leads_to"];
/// Fields that hold names, not words.
const FIELDS: &[&str] = &["focus", "namespace", "metric", "id", "service", "operation"];

/// All texts below `folder`, words or not.
pub fn texts(root: &Path, folder: &str) -> Found {
    read(root, folder, |_| true)
}

struct Reader<'o> {
    file: String,
    wanted: fn(&str) -> bool,
    out: &'o mut Found,
}

/// Whether it is words for people: it has one that is not a name in code.
pub fn is_words(text: &str) -> bool {
    let bare = bare(text);
    let word = |w: &str| {
        let letters: Vec<char> = w.chars().filter(char::is_ascii_alphabetic).collect();
        let plain = w.chars().all(|c| c.is_ascii_alphabetic() || "'-.,;:!?()\"".contains(c));
        // CamelCase is a name in somebody's interface
        let camel = letters.windows(2).any(|p| p[0].is_lowercase() && p[1].is_uppercase());
        letters.len() >= 2 && plain && !camel
    };
    // in kebab-case it is the name of something
    let named = !bare.contains(' ') && bare.contains('-') && !bare.contains(char::is_uppercase);
    // a pattern for times, a setting, a drawing, a command, SQL
    let other =
        ["%", "hakaru.", "<", "aws ", "arn:", "--security", "miharu demo", "miharu print", "EFS_FILE"]
            .iter()
            .any(|s| bare.trim().starts_with(s))
            || is_sql(&bare);
    !named && !other && bare.split_whitespace().any(word)
}

fn is_sql(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "SELECT ",
        "SET SESSION",
        "UPDATE ",
        "INSERT ",
        "DELETE FROM",
        "PRAGMA ",
        "INTO ",
        "FORCE INDEX",
        "AND ",
        "WHERE ",
        "ORDER BY",
        "LIMIT",
        "BEGIN",
        "KILL ",
        "ALTER TABLE",
    ];
    WORDS.iter().any(|word| text.trim_start_matches([';', ' ']).starts_with(word))
}

/// The text without what is filled in.
fn bare(text: &str) -> String {
    let mut depth = 0;
    text.chars()
        .filter(|c| {
            match c {
                '{' => depth += 1,
                '}' => {
                    depth -= 1;
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect()
}

/// A format string as a key: what is filled in by its name alone.
pub fn key(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        if c == '{' {
            if chars.peek() == Some(&'{') {
                out.push(chars.next().unwrap());
                continue;
            }
            let inside: String = chars.by_ref().take_while(|c| *c != '}').collect();
            out.push_str(inside.split(':').next().unwrap());
            out.push('}');
        }
    }
    out.trim().to_owned()
}

fn literal(token: &TokenTree) -> Option<syn::LitStr> {
    let TokenTree::Literal(l) = token else { return None };
    syn::parse_str::<syn::LitStr>(&l.to_string()).ok().map(|mut s| {
        s.set_span(l.span());
        s
    })
}

impl Reader<'_> {
    fn take(&mut self, text: &str, line: usize) {
        for line_of in text.split('\n') {
            if (self.wanted)(line_of) {
                let place = format!("{}:{line}", self.file);
                self.out.entry(key(line_of)).or_insert(place);
            }
        }
    }

    /// `plural(n, "task", "tasks")` makes the texts `{} task` and `{} tasks`.
    fn plural(&mut self, tokens: TokenStream) {
        for token in tokens {
            if let Some(text) = literal(&token) {
                self.take(&format!("{{}} {}", text.value()), text.span().start().line);
            }
        }
    }

    /// The texts of a macro: all of its literals.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (i, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => {
                    let callee = i.checked_sub(1).and_then(|b| tokens.get(b)).map(ToString::to_string);
                    let callee = callee.unwrap_or_default();
                    if matches!(callee.as_str(), "plural" | "counted") {
                        self.plural(group.stream());
                    } else if !NAMES.contains(&callee.as_str()) {
                        self.tokens(group.stream());
                    }
                }
                token => {
                    if let Some(text) = literal(token) {
                        self.take(&text.value(), text.span().start().line);
                    }
                }
            }
        }
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|a| {
        a.path().is_ident("cfg") && a.meta.require_list().is_ok_and(|l| l.tokens.to_string().contains("test"))
            || a.path().segments.last().is_some_and(|s| s.ident == "test")
    })
}

impl<'a> Visit<'a> for Reader<'_> {
    fn visit_item(&mut self, item: &'a syn::Item) {
        let attributes = match item {
            syn::Item::Mod(i) => &i.attrs,
            syn::Item::Fn(i) => &i.attrs,
            syn::Item::Impl(i) => &i.attrs,
            _ => &Vec::new(),
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_attribute(&mut self, _: &'a syn::Attribute) {}

    fn visit_impl_item_fn(&mut self, f: &'a syn::ImplItemFn) {
        if !NAMING.contains(&f.sig.ident.to_string().as_str()) {
            visit::visit_impl_item_fn(self, f);
        }
    }

    fn visit_field_value(&mut self, f: &'a syn::FieldValue) {
        if !matches!(&f.member, syn::Member::Named(name) if FIELDS.contains(&name.to_string().as_str())) {
            visit::visit_field_value(self, f);
        }
    }

    /// What is compared with is a name in a protocol, not a word that is said.
    fn visit_pat(&mut self, _: &'a syn::Pat) {}

    fn visit_expr_binary(&mut self, e: &'a syn::ExprBinary) {
        if !matches!(e.op, syn::BinOp::Eq(_) | syn::BinOp::Ne(_)) {
            visit::visit_expr_binary(self, e);
        }
    }

    fn visit_expr_method_call(&mut self, e: &'a syn::ExprMethodCall) {
        let name = e.method.to_string();
        // the message of a finding comes after its key
        let keyed = match &*e.receiver {
            syn::Expr::Path(p) => p.path.is_ident("new"),
            syn::Expr::Call(c) => matches!(&*c.func, syn::Expr::Path(p) if p.path.is_ident("New")),
            _ => false,
        };
        if keyed && matches!(name.as_str(), "add" | "quote") {
            e.args.iter().enumerate().filter(|(i, _)| *i != 1).for_each(|(_, a)| self.visit_expr(a));
            return;
        }
        if NAMES.contains(&name.as_str()) {
            self.visit_expr(&e.receiver);
            return;
        }
        visit::visit_expr_method_call(self, e);
    }

    fn visit_expr_call(&mut self, e: &'a syn::ExprCall) {
        if let syn::Expr::Path(path) = &*e.func
            && let Some(last) = path.path.segments.last()
        {
            let name = last.ident.to_string();
            if matches!(name.as_str(), "plural" | "counted") {
                return self.plural(e.args.to_token_stream());
            }
            if NAMES.contains(&name.as_str()) {
                return;
            }
        }
        visit::visit_expr_call(self, e);
    }

    fn visit_lit_str(&mut self, text: &'a syn::LitStr) {
        self.take(&text.value(), text.span().start().line);
    }

    fn visit_macro(&mut self, m: &'a syn::Macro) {
        let name = m.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
        let of_log = m.path.segments.first().is_some_and(|s| s.ident == "tracing");
        if !of_log && !SILENT.contains(&name.as_str()) {
            self.tokens(m.tokens.clone());
        }
    }
}
