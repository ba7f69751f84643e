//! The language of the screens. English is what the program is written in, what facts, journal, plans and JSON
//! hold, and what other consoles on the same journal read; another language is a rendering at the doors onto
//! the screen ([`crate::ui::canvas`]) and to a person's terminal (`cli`).
//!
//! `lang/ja/` names each message by its English text, as it stands in the source. [`say`] looks a text up
//! as a whole, then as a message with holes, then as several messages side by side. What comes from outside
//! (names, log lines, reasons that AWS gives) is put onto the screen without being looked up at all.

mod heard;
mod table;
mod template;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::OnceLock;

use include_dir::{Dir, include_dir};

use crate::config::model::Lang;

pub use heard::{Heard, cut, listen};
pub use table::Table;

/// The messages, a file for each part of the program.
static JAPANESE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/lang/ja");

/// Texts whose translation is remembered, so that a frame costs next to nothing.
const REMEMBERED: usize = 8192;
/// Bytes of a text that is remembered.
const LONGEST: usize = 1024;

/// A language that texts can be said in.
#[derive(Clone, Copy, Default)]
pub struct Language(Option<&'static Table>);

impl Language {
    /// What the program is written in.
    pub const ENGLISH: Self = Self(None);

    /// The language of a setting. Its messages are read once a process.
    pub fn of(lang: Lang) -> Self {
        static TABLE: OnceLock<Table> = OnceLock::new();
        match lang {
            Lang::En => Self::ENGLISH,
            Lang::Ja => Self(Some(
                TABLE.get_or_init(|| Table::parse(JAPANESE.files().filter_map(|f| f.contents_utf8()))),
            )),
        }
    }

    /// Its messages; `None` for English.
    pub fn table(self) -> Option<&'static Table> {
        self.0
    }
}

impl std::fmt::Debug for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Language(ja)" } else { "Language(en)" })
    }
}

/// What this process prints in.
static SPOKEN: OnceLock<Language> = OnceLock::new();

thread_local! {
    /// What this thread draws in, where that is not what the process prints in.
    static DRAWN: Cell<Option<Language>> = const { Cell::new(None) };
    static KNOWN: RefCell<HashMap<String, Option<String>>> = RefCell::new(HashMap::new());
}

/// Chooses what the process prints in; the first choice stands.
pub fn speak(language: Language) {
    _ = SPOKEN.set(language);
}

/// Runs `work` with what is said on this thread in `language`.
pub fn within<R>(language: Language, work: impl FnOnce() -> R) -> R {
    struct Back(Option<Language>);
    impl Drop for Back {
        fn drop(&mut self) {
            DRAWN.set(self.0);
        }
    }
    let _back = Back(DRAWN.replace(Some(language)));
    work()
}

fn current() -> Language {
    DRAWN.get().or_else(|| SPOKEN.get().copied()).unwrap_or_default()
}

/// An own text of the program in the language of the screen; as it is where that is English or it has no
/// translation. Never for text from outside.
pub fn say<'a>(text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
    let text = text.into();
    let Some(table) = current().0 else { return text };
    if heard::listening() || text.len() > LONGEST {
        return table.say(&text).map_or(text, Cow::Owned);
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(said) = known.get(text.as_ref()) {
            return said.clone().map_or(text, Cow::Owned);
        }
        let said = table.say(&text);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(text.clone().into_owned(), said.clone());
        said.map_or(text, Cow::Owned)
    })
}
