//! What the screens look like and how they answer, without a terminal.

#[path = "frames/harness.rs"]
mod harness;
#[path = "frames/scenes.rs"]
mod scenes;

use harness::Screen;
use miharu::app::action::Action;
use miharu::ui::glyphs::Glyphs;

/// Writes every scene as terminal text to the folder that `MIHARU_FRAMES` names, to be looked at.
#[test]
#[expect(clippy::disallowed_methods, reason = "a switch for people, not a setting")]
fn pictures_for_eyes() {
    let Ok(folder) = std::env::var("MIHARU_FRAMES") else { return };
    for (name, scene) in scenes::ALL {
        for size in [(80, 24), (120, 40), (200, 60)] {
            for (screen, action) in [("1", Action::Overview), ("2", Action::Storage), ("3", Action::Tasks)] {
                for theme in ["dark", "light", "ansi"] {
                    let mut shown = Screen::new(scene(), size, theme, &Glyphs::UNICODE);
                    shown.act(action);
                    std::fs::write(format!("{folder}/{name}-{screen}-{}-{theme}.ansi", size.0), shown.ansi()).unwrap();
                }
            }
        }
    }
}
