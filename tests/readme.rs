//! The README cannot lie: its pictures are drawn here by the program itself, its tables are what the program
//! prints, and its settings are read by the program. `UPDATE_README=1 cargo test --test readme` brings it up to date.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says where by panicking")]

#[path = "frames/load.rs"]
mod load;
#[path = "frames/parts.rs"]
mod parts;
#[expect(dead_code, reason = "other tests draw the rest of it")]
#[path = "frames/scenes.rs"]
mod scenes;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use miharu::app::action::Action;
use miharu::app::event::Event;
use miharu::app::state::{EnvironmentInfo, State};
use miharu::app::update::update;
use miharu::clock::Clock;
use miharu::config;
use miharu::domain::world::World;
use miharu::engine::poller::poll_once;
use miharu::engine::start::build;
use miharu::simulated::{Scenario, Simulated};
use miharu::sources::Setup;
use miharu::ui::Ui;
use miharu::ui::glyphs::Glyphs;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Asserts that the file is as it should be, or makes it so.
fn holds(path: &Path, wanted: &str) {
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(path, wanted).unwrap();
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert!(there == wanted, "{} is out of date: UPDATE_README=1 cargo test --test readme", path.display());
}

/// The simulated world of `scenario`, watched every minute for `minutes` of its own time.
async fn watched(scenario: &str, minutes: u32) -> State {
    let epoch: DateTime<Utc> = "2026-11-20T14:02:00Z".parse().unwrap();
    let clock = Clock::virtual_from(epoch, 1.0);
    let scenario = Scenario::load(scenario).unwrap();
    let simulated = Arc::new(Simulated::new(&scenario, 7, clock.clone()));
    let environment = Arc::new(simulated.environment());
    let info = EnvironmentInfo {
        name: environment.name.clone(),
        region: environment.region.clone(),
        expected_account: environment.expected_account.clone(),
        mode: environment.mode,
        file_count_threshold: environment.files.threshold,
        service: environment.cluster.clone().zip(environment.service.clone()),
        file_system: environment.file_system_id.clone(),
    };
    let prices = config::built_in_prices().remove("ap-northeast-1").expect("the default region has prices");
    let (mut sources, _) = build(&Setup { environment, outside: simulated.outside() });
    let mut state = State::new(vec![info], clock.now());
    state.demo = Some(format!("{}: {}", scenario.name, scenario.title));
    state.environments[0].world =
        World::new(sources.iter().map(|s| (s.id(), TimeDelta::from_std(s.period()).unwrap())));
    for minute in 0..=minutes {
        for source in &mut sources {
            let (deadline, period) = (source.deadline(), source.period());
            let reading = poll_once(source.as_mut(), &clock, &prices, deadline, |_| period).await;
            update(&mut state, Event::Observed { environment: 0, reading: Box::new(reading) }, clock.now());
        }
        if minute < minutes {
            clock.sleep(Duration::from_secs(60)).await;
        }
    }
    state
}

/// The picture that `s` saves.
fn drawn(state: &State, theme: &str, actions: &[Action], (columns, rows): (u16, u16)) -> String {
    let none = Path::new("");
    let theme = config::theme(theme, none).unwrap();
    let mut ui = Ui::new(&theme, config::keymap("default", none).unwrap(), Glyphs::UNICODE);
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|f| ui.draw(state, f)).unwrap();
    for action in actions {
        ui.on(*action, state);
        terminal.draw(|f| ui.draw(state, f)).unwrap();
    }
    ui.saved(state, (columns, rows)).svg
}

#[tokio::test(start_paused = true)]
async fn the_pictures_are_drawn_by_the_program() {
    let folder = root().join("tests/pictures");
    let storm = watched("file-storm", 4).await;
    holds(&folder.join("overview.svg"), &drawn(&storm, "dark", &[Action::Overview], (120, 40)));
    holds(&folder.join("storage.svg"), &drawn(&storm, "dark", &[Action::Storage], (120, 36)));
    holds(&folder.join("figures.svg"), &drawn(&load::surge(), "dark", &[Action::Figures], (120, 40)));
    let deploy = watched("bad-deploy", 3).await;
    holds(&folder.join("tasks.svg"), &drawn(&deploy, "light", &[Action::Tasks], (120, 36)));
    let surge = [Action::Impressions, Action::ShorterSpan];
    holds(&folder.join("impressions.svg"), &drawn(&load::surge(), "dark", &surge, (120, 40)));
}

/// The README with `text` between the markers of `name`.
fn with_section(readme: &str, name: &str, text: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = readme.split_once(&begin).unwrap_or_else(|| panic_without(name));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic_without(name));
    format!("{before}{begin}{}\n{end}{after}", text.trim_end())
}

#[expect(clippy::panic, reason = "the test ends here")]
fn panic_without(name: &str) -> ! {
    panic!("README.md has no section between <!-- {name} --> and <!-- /{name} -->")
}

#[test]
fn the_tables_are_what_the_program_knows() {
    let none = Path::new("");
    let path = root().join("README.md");
    let mut readme = std::fs::read_to_string(&path).unwrap();
    let keymaps: Vec<String> = config::keymaps(none)
        .iter()
        .map(|name| format!("`{name}`: {}", config::keymap(name, none).unwrap().description))
        .collect();
    let themes: Vec<String> = config::themes(none)
        .iter()
        .map(|name| format!("| `{name}` | {} |", config::theme(name, none).unwrap().description))
        .collect();
    let scenarios: Vec<String> =
        Scenario::shipped().iter().map(|s| format!("| `{}` | {} |", s.name, s.description)).collect();
    for (name, text) in [
        ("keys", config::print::keys(&config::keymap("default", none).unwrap())),
        ("keymaps", keymaps.join(" · ")),
        ("themes", format!("| theme | for |\n| --- | --- |\n{}", themes.join("\n"))),
        ("scenarios", format!("| scenario | what happens |\n| --- | --- |\n{}", scenarios.join("\n"))),
        ("settings", config::print::settings()),
    ] {
        readme = with_section(&readme, name, &text);
    }
    let measured =
        readme.split("<!-- measured -->").nth(1).and_then(|s| s.split("<!-- /measured -->").next());
    assert!(measured.is_some_and(|m| m.lines().count() > 10), "the table of measurements is empty");
    holds(&path, &readme);
}
