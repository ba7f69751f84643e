//! Secrets are taken out of a line before it is held, so that no screen, copy, export or spill file has them.

use std::borrow::Cow;

use regex::{Captures, Regex, RegexBuilder};

/// Stands for what was taken out.
pub const REDACTED: &str = "[redacted]";

/// Names whose value is a secret.
const NAMES: &str = r"passw(?:or)?d|passphrase|pwd|secret|token|credentials?|signature|authorization|cookie|(?:api|access|private|secret|encryption)[_\-.]?key(?:[_\-]?id)?|パスワード";

/// Secrets that are known by their own form. Group 1, if any, stays.
const FORMS: &[&str] = &[
    r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
    r"(?:AKIA|ASIA)[A-Z0-9]{16}",
    r"eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]*)?",
    r"(?:gh[pousr]_|github_pat_|glpat-|sk_live_|rk_live_|xox[abeprs]-)[A-Za-z0-9_\-]{10,}",
    r"((?i:bearer|basic) +)[A-Za-z0-9._~+/=\-]{8,}",
    r#"([a-zA-Z][a-zA-Z0-9+.\-]*://[^\s:/@"']*:)[^\s/?#"']+@"#,
];

/// Finds and takes out secrets.
pub struct Redactor {
    any: Option<Regex>,
    forms: Vec<Regex>,
    named: Option<Regex>,
    /// What is a secret in one place alone.
    own: Vec<Regex>,
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl Redactor {
    /// Knows passwords, tokens and keys by name, and AWS keys, JSON web tokens, private keys, bearer tokens and
    /// passwords in URLs by form. `own`: regular expressions of what is a secret beside these, checked before.
    pub fn new(own: &[String]) -> Self {
        // What follows a name: a quoted string (perhaps inside another string, perhaps cut off) or a word.
        let value = r#"(\\"(?:[^"\\]|\\[^"])*(?:\\")?|"(?s:[^"\\]|\\.)*"?|'[^']*'?|[^\s,;&"'}\\]+)"#;
        let named = format!(r#"((?:{NAMES})(?:\\?["'])?\s*[:=：]\s*|--[a-z\-]*(?:{NAMES})\s+){value}"#);
        let any = format!(r#"(?:{NAMES})\\?["']?\s*[:=：]|--[a-z\-]*(?:{NAMES})\s"#);
        let any = format!("(?i:{any})|{}", FORMS.join("|"));
        // The expressions are constants; tests hold each of them to what it has to find.
        Self {
            any: Regex::new(&any).ok(),
            forms: FORMS.iter().filter_map(|form| Regex::new(form).ok()).collect(),
            named: RegexBuilder::new(&named).case_insensitive(true).build().ok(),
            own: own.iter().filter_map(|own| Regex::new(own).ok()).collect(),
        }
    }

    /// `text` without secrets; borrowed if there were none.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut out = self.known(text);
        for own in &self.own {
            if let Cow::Owned(text) = own.replace_all(&out, REDACTED) {
                out = Cow::Owned(text);
            }
        }
        out
    }

    /// `text` without what is known to be a secret everywhere.
    fn known<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !self.any.as_ref().is_some_and(|any| any.is_match(text)) {
            return Cow::Borrowed(text);
        }
        let mut out = Cow::Borrowed(text);
        for form in &self.forms {
            let replaced = form.replace_all(&out, |found: &Captures<'_>| {
                let kept = found.get(1).map_or("", |m| m.as_str());
                let at = if found.get(0).is_some_and(|m| m.as_str().ends_with('@')) { "@" } else { "" };
                format!("{kept}{REDACTED}{at}")
            });
            if let Cow::Owned(text) = replaced {
                out = Cow::Owned(text);
            }
        }
        if let Some(named) = &self.named {
            let replaced = named.replace_all(&out, |found: &Captures<'_>| {
                let name = found.get(1).map_or("", |m| m.as_str());
                let value = found.get(2).map_or("", |m| m.as_str());
                let quote =
                    [r#"\""#, "\"", "'"].into_iter().find(|q| value.starts_with(q)).unwrap_or_default();
                format!("{name}{quote}{REDACTED}{quote}")
            });
            if let Cow::Owned(text) = replaced {
                out = Cow::Owned(text);
            }
        }
        out
    }
}

/// Whether a private key begins in this text and does not end in it: its other lines may come as events of
/// their own.
pub fn opens_key(text: &str) -> bool {
    text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----") && !closes_key(text)
}

/// Whether a private key ends in this text.
pub fn closes_key(text: &str) -> bool {
    text.contains("-----END ") && text.contains("PRIVATE KEY-----")
}
