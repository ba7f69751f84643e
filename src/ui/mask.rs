//! Hides what an audience must not see: account ids, addresses, resource ids, access keys, ARNs. Only letters and
//! digits are replaced, one for one, so that nothing moves and one still sees what stands there.
//!
//! It happens twice, because each time something else is seen. Text is masked at the door ([`super::text`]) while it
//! is whole: cut or broken over two rows, an id can no longer be told. And the finished frame is masked, so that what
//! was put together from parts, or went past the door, does not stay.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use ratatui::buffer::Buffer;
use regex::Regex;

/// Stands for each letter and digit. No digit of any id, one column everywhere.
const HIDDEN: &str = "x";

/// Prefixes of resource ids of EC2, EFS and what belongs to them (`fs-0123456789abcdef0`).
const PREFIXES: &str =
    "fs|fsmt|fsap|subnet|vpc|vpce|sgr?|eni|eipalloc|eipassoc|ami|vol|snap|rtb|igw|nat|acl|lt|pcx|tgw|dopt";

/// What is found, the more telling first. A group of the name `keep` is found to be left alone.
static SECRET: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let parts = [
        // partition, service and region may be seen, account and resource not
        r#"arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:(?<arn>[^\s"'`,;)\]}<>]*)"#.to_owned(),
        format!(r"\b(?:{PREFIXES})-(?<id>[0-9a-f]{{8,17}}|[0-9a-f]{{1,7}}\b)"),
        r"\bi-(?<instance>[0-9a-f]{4,17})".to_owned(),
        r"\becs-svc/(?<deployment>[0-9]+)".to_owned(),
        r"\b(?<key>A(?:KIA|SIA|ROA|IDA|GPA|NPA)[A-Z0-9]{4,})".to_owned(),
        r"\b(?<uuid>[0-9a-f]{8}(?:-[0-9a-f]{1,12}){1,4})\b".to_owned(),
        r"\bip(?<host>(?:-[0-9]{1,3}){2,4})\b".to_owned(),
        r"(?<name>[A-Za-z0-9][A-Za-z0-9._-]*)\.(?:amazonaws\.com|on\.aws|compute\.internal)".to_owned(),
        r"\b(?<v4>[0-9]{1,3}(?:\.[0-9]{1,3}){3})\b".to_owned(),
        r"(?<v6>\b(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}\b|\b(?:[0-9a-f]{1,4}:){1,6}:(?:[0-9a-f]{1,4}\b)?(?::[0-9a-f]{1,4}\b)*)"
            .to_owned(),
        // a number whose end was cut off: perhaps an account or an address
        r"\b(?<cut>[0-9][0-9.]*)(?:…|⋯|\.\.)".to_owned(),
        r"\b(?<dashed>[0-9]{4}-[0-9]{4}-[0-9]{4})\b".to_owned(),
        r"(?<keep>[0-9]{13,})".to_owned(),
        r"(?<account>[0-9]{12})".to_owned(),
        r"\b(?<hex>[0-9a-f]{8,64})(?:\b|_)".to_owned(),
    ];
    Regex::new(&parts.join("|")).ok()
});

/// Where in `text` something is to be hidden, as ranges of bytes, in order.
fn found(text: &str) -> Vec<Range<usize>> {
    // none of it is without a digit, and most texts have none
    if !text.bytes().any(|b| b.is_ascii_digit()) && !text.contains("amazonaws") {
        return Vec::new();
    }
    let Some(secret) = SECRET.as_ref() else {
        return std::iter::once(0..text.len()).collect(); // a pattern that does not compile shows nothing
    };
    let mut out = Vec::new();
    for captures in secret.captures_iter(text) {
        if captures.name("keep").is_some() {
            continue;
        }
        let Some(part) = captures.iter().skip(1).flatten().next() else { continue };
        if captures.name("hex").is_some_and(|hex| !telling(hex.as_str())) {
            continue;
        }
        out.push(part.range());
    }
    out
}

/// Whether hexadecimal digits are an id, or its first eight, rather than a number or a word.
fn telling(hex: &str) -> bool {
    let letters = hex.bytes().filter(u8::is_ascii_alphabetic).count();
    hex.len() == 32 || (letters == 0 && hex.len() == 8) || (letters > 0 && letters < hex.len())
}

/// `text` with what an audience must not see hidden, as long as before.
pub fn text(text: &str) -> Cow<'_, str> {
    let ranges = found(text);
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        for c in text.get(range.clone()).unwrap_or_default().chars() {
            if c.is_ascii_alphanumeric() {
                out.push_str(HIDDEN);
            } else {
                out.push(c);
            }
        }
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(out)
}

/// Hides it in a finished frame. Colours and positions stay.
pub fn frame(buffer: &mut Buffer) {
    let width = usize::from(buffer.area.width.max(1));
    for row in buffer.content.chunks_mut(width) {
        let mut whole = String::with_capacity(width);
        let mut starts = Vec::with_capacity(width);
        for cell in row.iter() {
            starts.push(whole.len());
            whole.push_str(cell.symbol());
        }
        for range in found(&whole) {
            for (cell, at) in row.iter_mut().zip(&starts) {
                let one = cell.symbol().as_bytes();
                if range.contains(at) && one.len() == 1 && one.iter().all(u8::is_ascii_alphanumeric) {
                    cell.set_symbol(HIDDEN);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn what_must_not_be_seen_is_hidden_and_the_rest_is_not() {
        for (shown, hidden) in [
            ("123456789012/ops", "xxxxxxxxxxxx/ops"),
            ("account 1234-5678-9012", "account xxxx-xxxx-xxxx"),
            ("fs-0123456789abcdef0 elastic", "fs-xxxxxxxxxxxxxxxxx elastic"),
            ("fsmt-01ab… 10.0.12.…", "fsmt-xxxx… xx.x.xx.…"),
            ("from 10.0.12.34:2049", "from xx.x.xx.xx:2049"),
            ("2406:da14::1f:2 and fe80::1", "xxxx:xxxx::xx:x and xxxx::x"),
            ("12345678…", "xxxxxxxx…"),
            (
                "arn:aws:ecs:ap-northeast-1:123456789012:task/files/0f3c5e7a9b1d2c4e",
                "arn:aws:ecs:ap-northeast-1:xxxxxxxxxxxx:xxxx/xxxxx/xxxxxxxxxxxxxxxx",
            ),
            ("task 0f3c5e7a9b1d2c4e6f8091a2b3c4d5e6", "task xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
            ("ecs-svc/9223370491205712345", "ecs-svc/xxxxxxxxxxxxxxxxxxx"),
            ("5f3c2a9e-7d1b-4c55-9a0e-1f2d3c4b5a69", "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"),
            ("ip-10-0-1-7.ec2.internal", "ip-xx-x-x-x.ec2.internal"),
            (
                "hakaru.c3po.ap-northeast-1.rds.amazonaws.com:3306",
                "xxxxxx.xxxx.xx-xxxxxxxxx-x.xxx.amazonaws.com:3306",
            ),
            ("AKIAIOSFODNN7EXAMPLE", "xxxxxxxxxxxxxxxxxxxx"),
        ] {
            assert_eq!(text(shown), hidden);
        }
        for plain in [
            "14:02:31 UTC, 131 402 files of 100 000, 99.95 %, 6/6 tasks, 30 000/s",
            "2026-11-21T09:30:00Z, file-svc:12, ap-northeast-1a, $0.04/h, version 17",
            "1763716800000 deadbeef facade threshold decade 12 min ago",
            "100000 requests, 2049/tcp, exit code 137",
        ] {
            assert_eq!(text(plain), plain);
        }
    }

    #[test]
    fn an_id_put_together_from_parts_is_hidden_in_the_frame() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 30, 2));
        buffer.set_string(0, 0, "見 fs-0123", Style::new());
        buffer.set_string(10, 0, "456789abcdef0", Style::new());
        buffer.set_string(0, 1, "10.0.", Style::new());
        buffer.set_string(5, 1, "1.17 x", Style::new());
        frame(&mut buffer);
        let row = |y: u16| (0..30).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        assert!(row(0).contains("fs-xxxxxxxxxxxxxxxxx"), "{}", row(0));
        assert!(row(1).starts_with("xx.x.x.xx x"), "{}", row(1));
    }

    proptest! {
        #[test]
        fn nothing_moves_and_twice_is_once(given in "[ -~é見…]{0,60}") {
            let once = text(&given).into_owned();
            prop_assert_eq!(once.len(), given.len());
            prop_assert_eq!(once.chars().count(), given.chars().count());
            prop_assert_eq!(crate::ui::text::width(&once), crate::ui::text::width(&given));
        }

        #[test]
        fn no_account_and_no_address_stays(account in "[0-9]{12}", ip in any::<[u8; 4]>(), around in "[ ,:/\"(]{1,2}") {
            let [a, b, c, d] = ip;
            let ip = format!("{a}.{b}.{c}.{d}");
            let shown = text(&format!("{around}{account}{around}{ip}{around}")).into_owned();
            prop_assert!(!shown.contains(&account) && !shown.contains(&ip), "{}", shown);
        }
    }
}
