//! Which lines of a block fulfil a condition. Text is matched over the whole block at once where the expression
//! allows it: a call for each of a million lines costs more than the reading.

use std::borrow::Cow;

use super::block::Block;
use super::filter::{Condition, Query};
use super::json;
use super::line::flag;

/// What is seen of a text on the screen.
pub type Sight = fn(&str) -> Cow<'_, str>;

/// Calls `hit` with each line from `from` on that fulfils the condition, each once, in any order. Marks fulfil
/// none but a search's.
pub(super) fn matching(
    block: &Block,
    from: usize,
    condition: &Condition,
    sight: Sight,
    hit: &mut dyn FnMut(usize),
) {
    let test: Box<dyn Fn(usize) -> bool + '_> = match condition {
        Condition::Text(query) => return text(block, from, query, sight, hit),
        Condition::Field { name, query } => Box::new(move |i| {
            block.metas.get(i).is_some_and(|m| m.has(flag::JSON))
                && json::field(block.text(i), name).is_some_and(|value| query.is_match(&value))
        }),
        Condition::Below(level) => {
            Box::new(move |i| block.metas.get(i).is_some_and(|m| !m.level.at_least(*level)))
        }
        Condition::Group(group) => {
            let theirs: Vec<bool> = block.origins.iter().map(|o| o.group == *group).collect();
            Box::new(move |i| of_origin(block, i, &theirs))
        }
        Condition::Stream(stream) => {
            let theirs: Vec<bool> = block.origins.iter().map(|o| o.stream == *stream).collect();
            Box::new(move |i| of_origin(block, i, &theirs))
        }
        Condition::Outside { from, until } => {
            let (from, until) = (from.timestamp_millis(), until.map_or(i64::MAX, |u| u.timestamp_millis()));
            Box::new(move |i| block.metas.get(i).is_some_and(|m| m.at_ms < from || m.at_ms >= until))
        }
    };
    (from..block.len()).filter(|i| test(*i)).for_each(hit);
}

fn of_origin(block: &Block, line: usize, theirs: &[bool]) -> bool {
    block.metas.get(line).and_then(|m| theirs.get(usize::from(m.origin))).copied().unwrap_or_default()
}

/// Lines whose text, as it came or as it is seen, has a match.
pub(super) fn text(block: &Block, from: usize, query: &Query, sight: Sight, hit: &mut dyn FnMut(usize)) {
    let mut next = from;
    // Lines between two hits: those with escapes may match as they are seen.
    let missed = |range: std::ops::Range<usize>, hit: &mut dyn FnMut(usize)| {
        for i in range {
            if block.metas.get(i).is_some_and(|m| m.has(flag::ODD)) && query.is_match(&sight(block.text(i))) {
                hit(i);
            }
        }
    };
    if query.bulk {
        while next < block.len() {
            let Some(found) = query.regex.find_at(&block.text, block.start(next)) else { break };
            let line = block.line_of(found.start(), next);
            if line >= block.len() {
                break;
            }
            missed(next..line, hit);
            // A match that runs into the next line may hide a shorter one that does not.
            if found.end() <= block.end(line) || query.is_match(block.text(line)) {
                hit(line);
            } else {
                missed(line..line + 1, hit);
            }
            next = line + 1;
        }
        missed(next..block.len(), hit);
    } else {
        for line in from..block.len() {
            if query.is_match(block.text(line)) {
                hit(line);
            } else {
                missed(line..line + 1, hit);
            }
        }
    }
}
