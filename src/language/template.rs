//! A message with holes: the literal of a format string as it stands in the source, and its translation.

use std::borrow::Cow;

/// Ways of one text through one message that are tried before it is taken for another message.
const TRIES: usize = 200;
/// Letters from which on a message is known by its words alone.
pub(super) const FEW: usize = 6;
/// Words that are no words: what only stands between numbers.
const UNITS: &[&str] = &["s", "min", "h", "d", "ms", "of", "MiB", "UTC"];

/// A message: literals around holes, one literal more than holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    literals: Vec<String>,
    holes: Vec<String>,
}

/// A part of a translation; a hole says which one of the message it is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Hole { index: usize, put: Put },
}

/// How what is in a hole is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Put {
    /// As it came: a name or a number.
    Kept,
    /// As it came, sentences of others too.
    Foreign,
    /// As a message of its own.
    Said,
    /// Not at all.
    Dropped,
}

/// What a message is in the other language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Translation(Vec<Piece>);

/// Literals and the insides of the braces between them.
fn scan(text: &str) -> Result<(Vec<String>, Vec<String>), String> {
    let (mut literals, mut holes) = (vec![String::new()], Vec::new());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let doubled = matches!(c, '{' | '}') && chars.next_if_eq(&c).is_some();
        match c {
            '{' if !doubled => {
                let inside: String = chars.by_ref().take_while(|c| *c != '}').collect();
                holes.push(inside);
                literals.push(String::new());
            }
            '}' if !doubled => return Err(format!("a brace is closed that was never opened: {text}")),
            c => {
                if let Some(last) = literals.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    Ok((literals, holes))
}

impl Template {
    /// Reads a format string; how a value is written (`{:.1}`) does not matter here.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (literals, insides) = scan(text)?;
        let mut next = 0;
        let holes = insides
            .iter()
            .map(|inside| match inside.split(':').next().unwrap_or_default() {
                "" => {
                    next += 1;
                    (next - 1).to_string()
                }
                name => name.to_owned(),
            })
            .collect();
        Ok(Self { literals, holes })
    }

    /// Whether there is nothing to fill in.
    pub(super) fn fixed(&self) -> Option<&str> {
        match self.literals.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// How much of a text must agree: a message with more of it is the closer one.
    pub(super) fn weight(&self) -> usize {
        self.literals.iter().map(|l| l.chars().filter(|c| !c.is_whitespace()).count()).sum()
    }

    /// Letters of its own: without any it could be every text.
    pub(super) fn letters(&self) -> usize {
        self.literals.iter().map(|l| l.chars().filter(|c| c.is_alphabetic()).count()).sum()
    }

    /// Whether only numbers may stand in the holes: `{} s` is a time, and no other text that ends so.
    fn of_numbers(&self) -> bool {
        let mut words = self.literals.iter().flat_map(|l| l.split(|c: char| !c.is_alphabetic()));
        words.all(|word| word.is_empty() || UNITS.contains(&word))
    }

    /// Whether it begins with a name: too few words follow to know it by them alone.
    fn of_names(&self) -> bool {
        self.letters() < FEW && self.literals.first().is_some_and(String::is_empty)
    }

    /// The longest piece that every text of this message has in it.
    pub(super) fn longest(&self) -> &str {
        self.literals.iter().max_by_key(|l| l.len()).map_or("", String::as_str)
    }

    /// What stands in the holes, if `text` is this message.
    pub(super) fn holes_of<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let (first, rest) = self.literals.split_first()?;
        let text = text.strip_prefix(first.as_str())?;
        let mut found = Vec::with_capacity(self.holes.len());
        let mut tries = TRIES;
        let fits = fill(text, rest, &mut found, &mut tries) && self.agree(&found);
        let number = |value: &&str| value.starts_with(|c: char| !c.is_alphabetic());
        let named = found.first().is_none_or(|name| !name.contains(' ') || number(name));
        let fits = if self.of_numbers() { fits && found.iter().all(number) } else { fits };
        (fits && (named || !self.of_names() || self.of_numbers())).then_some(found)
    }

    /// A name that occurs twice stands for one value.
    fn agree(&self, found: &[&str]) -> bool {
        self.holes.iter().zip(found).all(|(name, value)| {
            self.holes.iter().position(|n| n == name).and_then(|i| found.get(i)) == Some(value)
        })
    }
}

/// Shares `text` out to the holes before `literals`, the shortest first.
fn fill<'t>(text: &'t str, literals: &[String], found: &mut Vec<&'t str>, tries: &mut usize) -> bool {
    let Some((literal, rest)) = literals.split_first() else { return text.is_empty() };
    if rest.is_empty() {
        let Some(value) = text.strip_suffix(literal.as_str()) else { return false };
        found.push(value);
        return true;
    }
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|t| t.find(literal.as_str())).map(|at| from + at) {
        if *tries == 0 {
            return false;
        }
        *tries -= 1;
        let (value, after) = text.split_at(at);
        found.push(value);
        if fill(after.get(literal.len()..).unwrap_or_default(), rest, found, tries) {
            return true;
        }
        found.pop();
        from = at + text.get(at..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8);
    }
    false
}

impl Translation {
    /// Reads what `message` is in the other language. `{}` takes the holes in turn, `{0}` and `{name}` the one
    /// meant; `:ja` after it says that what is in it is a message of its own, `:any` that it may be sentences of others,
    /// `:no` that it is left out.
    pub(super) fn parse(text: &str, message: &Template) -> Result<Self, String> {
        let (literals, insides) = scan(text)?;
        let mut pieces = Vec::new();
        let mut next = 0;
        let mut insides = insides.iter();
        for literal in literals {
            if !literal.is_empty() {
                pieces.push(Piece::Literal(literal));
            }
            let Some(inside) = insides.next() else { continue };
            let (name, put) = match inside.split_once(':') {
                Some((name, "ja")) => (name, Put::Said),
                Some((name, "no")) => (name, Put::Dropped),
                Some((name, "any")) => (name, Put::Foreign),
                Some((_, other)) => {
                    return Err(format!("only :ja, :any or :no may follow a name, not :{other}"));
                }
                None => (inside.as_str(), Put::Kept),
            };
            let name = if name.is_empty() { next.to_string() } else { name.to_owned() };
            next += 1;
            let Some(index) = message.holes.iter().position(|n| *n == name) else {
                return Err(format!("the message has no {{{name}}}"));
            };
            pieces.push(Piece::Hole { index, put });
        }
        for name in &message.holes {
            let index = message.holes.iter().position(|n| n == name);
            if !pieces.iter().any(|p| matches!(p, Piece::Hole { index: i, .. } if Some(*i) == index)) {
                return Err(format!("{{{name}}} of the message is left out"));
            }
        }
        Ok(Self(pieces))
    }

    /// Whether sentences of others may stand in the hole at `index`.
    pub(super) fn is_foreign(&self, index: usize) -> bool {
        self.0.iter().any(|p| matches!(p, Piece::Hole { index: i, put: Put::Foreign } if *i == index))
    }

    /// Whether what stands in the hole at `index` is put as it came, and is a name or a number.
    pub(super) fn keeps(&self, index: usize) -> bool {
        self.0.iter().any(|p| matches!(p, Piece::Hole { index: i, put: Put::Kept } if *i == index))
    }

    /// The text with its holes filled, by `say` where they are messages.
    pub(super) fn with<'t>(
        &self,
        values: &[&'t str],
        say: &mut dyn FnMut(&'t str) -> Cow<'t, str>,
    ) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Hole { index, put } => {
                    let value = values.get(*index).copied().unwrap_or_default();
                    match put {
                        Put::Kept | Put::Foreign => out.push_str(value),
                        Put::Said => out.push_str(&say(value)),
                        Put::Dropped => {}
                    }
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(message: &str, translation: &str, text: &str) -> Option<String> {
        let message = Template::parse(message).unwrap();
        let values = message.holes_of(text)?;
        let translation = Translation::parse(translation, &message).unwrap();
        Some(translation.with(&values, &mut |v| format!("<{v}>").into()))
    }

    #[test]
    fn holes_are_found_and_put_in_another_order() {
        for (message, translation, text, wanted) in [
            ("{} of {} rows", "{1} 行中 {0} 行", "3 of 12 rows", Some("12 行中 3 行")),
            (
                "{n} is off: {why}",
                "{n} は無効: {why:ja}",
                "ecs is off: no role",
                Some("ecs は無効: <no role>"),
            ),
            ("{:.1} % left", "残り {} %", "3.5 % left", Some("残り 3.5 %")),
            ("from {a} to {a}", "{a}", "from x to x", Some("x")),
            ("from {a} to {a}", "{a}", "from x to y", None),
            ("a {{b}} {c}", "{{b}} {c}", "a {b} d", Some("{b} d")),
            ("at {} in {} of {}", "{2}/{1}/{0}", "at step in in in of of it", Some("of it/in in/step")),
            ("{} rows", "{} 行", "3 columns", None),
            ("{who} {is} here", "{who}がいる{is:no}", "taro is here", Some("taroがいる")),
        ] {
            assert_eq!(put(message, translation, text).as_deref(), wanted, "{message}");
        }
    }

    #[test]
    fn a_translation_that_does_not_fit_is_told() {
        let message = Template::parse("{n} of {}").unwrap();
        for (translation, why) in [
            ("{n} {x}", "no {x}"),
            ("{n}", "{0} of the message is left out"),
            ("{n:>5} {0}", "only :ja, :any or :no"),
            ("}", "never opened"),
        ] {
            let error = Translation::parse(translation, &message).unwrap_err();
            assert!(error.contains(why), "{translation}: {error}");
        }
    }
}
