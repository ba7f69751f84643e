//! Text for the clipboard of the operator's own terminal (OSC 52), which works over SSH, and through tmux and GNU
//! screen where it is wrapped for them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::config::terminal::Multiplexer;

/// Most bytes of text: xterm and others take sequences of up to 100 000 bytes, in base64.
pub const MOST: usize = 74_994;
/// Bytes of a piece that GNU screen passes on; longer strings it drops.
const PIECE: usize = 76;
/// Seconds that a copy may keep a line busy whose speed was measured.
const BUSY_S: f64 = 5.0;

/// Bytes of text that may be copied over a line of so many bytes a second; `None`: too fast to be measured.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
pub fn most(bytes_per_s: Option<f64>) -> usize {
    bytes_per_s.map_or(MOST, |rate| ((rate * BUSY_S * 0.75) as usize).min(MOST))
}

/// The sequence that puts `text` on the clipboard.
///
/// Through tmux it is sent twice: plain, which tmux takes with `set-clipboard on`, and wrapped, which it passes on
/// with `allow-passthrough on`. It leaves out what it is not set to take.
pub fn sequence(text: &str, through: Multiplexer) -> String {
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    match through {
        Multiplexer::None => plain,
        Multiplexer::Tmux => format!("{plain}\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")),
        Multiplexer::Screen => in_pieces(&plain),
        Multiplexer::Either => format!("{plain}{}", in_pieces(&plain)),
    }
}

/// A sequence in device control strings, which GNU screen puts together again.
fn in_pieces(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len() + plain.len() / PIECE * 4 + 4);
    for piece in plain.as_bytes().chunks(PIECE) {
        out.push_str("\x1bP");
        out.extend(piece.iter().map(|byte| char::from(*byte)));
        out.push_str("\x1b\\");
    }
    out
}

/// What is said of a copy that was sent. Whether it arrived only the terminal knows.
pub fn notice(characters: usize, through: Multiplexer) -> String {
    match through {
        Multiplexer::Tmux => format!(
            "sent {characters} characters to the clipboard; tmux needs set-clipboard on or allow-passthrough on"
        ),
        _ => format!("sent {characters} characters to the terminal's clipboard (OSC 52)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_and_wrapped_to_the_byte() {
        assert_eq!(sequence("hi", Multiplexer::None), "\x1b]52;c;aGk=\x07");
        assert_eq!(
            sequence("hi", Multiplexer::Tmux),
            "\x1b]52;c;aGk=\x07\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\"
        );
        assert_eq!(sequence("hi", Multiplexer::Screen), "\x1bP\x1b]52;c;aGk=\x07\x1b\\");
        assert_eq!(sequence("hi", Multiplexer::Either), "\x1b]52;c;aGk=\x07\x1bP\x1b]52;c;aGk=\x07\x1b\\");
        // nothing of the text itself is in the sequence: no way out of it
        assert!(!sequence("\x1b]0;x\x07", Multiplexer::None)[1..].contains('\x1b'));
    }

    #[test]
    fn screen_gets_pieces_that_make_up_the_whole() {
        let text = "見".repeat(400);
        let wrapped = sequence(&text, Multiplexer::Screen);
        let pieces: Vec<&str> = wrapped.split_terminator("\x1b\\").collect();
        assert!(pieces.len() > 10);
        let whole: String = pieces
            .iter()
            .map(|piece| {
                let inner = piece.strip_prefix("\x1bP").unwrap();
                assert!(inner.len() <= PIECE);
                inner
            })
            .collect();
        assert_eq!(whole, sequence(&text, Multiplexer::None));
    }

    #[test]
    fn a_slow_line_is_not_kept_busy_for_long() {
        assert_eq!(most(None), MOST);
        assert_eq!(most(Some(1e9)), MOST);
        assert_eq!(most(Some(960.0)), 3_600);
        assert!(STANDARD.encode("x".repeat(MOST)).len() <= 100_000 - 8);
    }
}
