//! What the chain of an SDK error's causes tells, and what an answer's body looks like.

use std::error::Error;

/// Longest piece of AWS's own words that is taken over.
pub(super) const QUOTED: usize = 240;

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&e| match e.downcast_ref::<std::io::Error>() {
        // An io::Error's own source skips its payload.
        Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => e.source(),
    })
}

/// The first cause of a type.
pub(crate) fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|e| e.downcast_ref::<T>())
}

/// Whether any cause says `words`.
pub(crate) fn mentions(error: &(dyn Error + 'static), words: &str) -> bool {
    chain(error).any(|e| e.to_string().contains(words))
}

/// Whether the body ended before its announced length.
pub(super) fn broke_off(error: &(dyn Error + 'static)) -> bool {
    find::<std::io::Error>(error).is_some()
        || mentions(error, "end of file before message length reached")
        || mentions(error, "connection closed before message completed")
        || mentions(error, "error reading a body from connection")
}

/// The words of the first cause, which say more than those of its wrappings.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(|e| shortened(&e.to_string())).unwrap_or_default()
}

/// Text of AWS's own as a fragment of one line and bearable length.
pub(super) fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_end_matches('.');
    match line.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or(line)),
        None => line.to_owned(),
    }
}

/// Whether a body is a web page: a proxy, a login form, another server.
pub(crate) fn is_html(body: &[u8]) -> bool {
    let start: Vec<u8> =
        body.iter().skip_while(|b| b.is_ascii_whitespace()).take(9).map(u8::to_ascii_lowercase).collect();
    start.starts_with(b"<html") || start.starts_with(b"<!doctype")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_words_become_one_short_line() {
        assert_eq!(shortened(" Attempted:\n  Environment: not set.\n"), "Attempted: Environment: not set");
        assert_eq!(shortened(&"長".repeat(QUOTED)).chars().count(), QUOTED);
        let cut = shortened(&"長".repeat(QUOTED + 1));
        assert!(cut.ends_with('…') && cut.chars().count() == QUOTED + 1);
    }

    #[test]
    fn a_web_page_is_told_from_an_answer() {
        for page in ["<html>", "\n <!DOCTYPE html>", "<HTML lang=\"en\">"] {
            assert!(is_html(page.as_bytes()), "{page}");
        }
        for answer in ["", "{}", "<?xml version=\"1.0\"?><Response/>"] {
            assert!(!is_html(answer.as_bytes()), "{answer}");
        }
    }
}
