//! The Impressions screen and what the Overview says of impressions.

use miharu::app::action::Action;
use miharu::config;
use miharu::config::keymap::{Chord, Resolution};
use miharu::ui::glyphs::Glyphs;

use crate::harness::Screen;
use crate::scenes::Scene;
use crate::{load, scenes, snapshot};

type Sizes = &'static [(u16, u16)];

const SCENES: &[(&str, Scene, Sizes)] = &[
    ("healthy", load::healthy, &[(80, 24), (120, 40), (57, 13), (200, 60)]),
    ("burning", load::burning, &[(80, 24), (120, 40)]),
    ("surge", load::surge, &[(120, 40)]),
    ("lossy", load::lossy, &[(80, 24), (120, 40)]),
    ("nobody", load::nobody, &[(80, 24)]),
    ("failed", load::source_failed, &[(80, 24)]),
    ("unread", load::never_read, &[(80, 24)]),
    ("counters", load::counters_only, &[(80, 24)]),
    ("balancer", load::log_and_balancer, &[(80, 24)]),
    ("unconfigured", load::unconfigured, &[(80, 24)]),
    ("hostile", load::hostile_names, &[(120, 40)]),
];

#[test]
fn frames_of_impressions() {
    for (name, scene, sizes) in SCENES {
        for (width, height) in *sizes {
            for (theme, glyphs) in [("dark", &Glyphs::UNICODE), ("light", &Glyphs::ASCII)] {
                if theme == "light" && !matches!(*name, "healthy" | "burning") {
                    continue;
                }
                let mut shown = Screen::new(scene(), (*width, *height), theme, glyphs);
                if *name == "healthy" || *name == "burning" {
                    snapshot(&format!("impressions-overview-{name}-{width}x{height}-{theme}"), &mut shown);
                }
                shown.act(Action::Impressions);
                snapshot(&format!("impressions-{name}-{width}x{height}-{theme}"), &mut shown);
            }
        }
    }
}

#[test]
fn frames_of_details_of_impressions() {
    for (name, tabs) in
        [("rates", 0), ("budget", 1), ("loss", 2), ("answers", 3), ("by-name", 4), ("capacity", 5)]
    {
        let mut shown = Screen::dark(load::burning(), (100, 40));
        shown.act(Action::Impressions);
        for _ in 0..tabs {
            shown.act(Action::FocusNext);
        }
        shown.act(Action::Open);
        snapshot(&format!("impressions-detail-{name}"), &mut shown);
    }
}

#[test]
fn the_overview_has_no_place_for_what_is_not_configured() {
    for (scene, has) in [
        (scenes::calm as Scene, false),
        (load::unconfigured, false),
        (load::never_read, true),
        (load::healthy, true),
        (load::nobody, true),
    ] {
        for size in [(80, 24), (120, 40), (200, 60)] {
            let shown = Screen::dark(scene(), size);
            assert_eq!(shown.text().contains("Impressions "), has, "{size:?}\n{}", shown.text());
        }
    }
}

#[test]
fn a_screen_without_a_source_says_how_to_get_one() {
    let mut shown = Screen::dark(load::unconfigured(), (120, 40));
    shown.act(Action::Impressions);
    assert!(shown.text().contains("hakaru.datasource_env = \"HAKARU_DATASOURCENAME\""), "{}", shown.text());
    assert!(!shown.text().contains("Error budget"), "{}", shown.text());
    let mut shown = Screen::dark(load::counters_only(), (120, 40));
    shown.act(Action::Impressions);
    assert!(shown.text().contains("no event log configured: set hakaru.datasource"), "{}", shown.text());
    let mut shown = Screen::dark(load::never_read(), (120, 40));
    shown.act(Action::Impressions);
    assert!(shown.text().contains("connection refused by db.internal:3306"), "{}", shown.text());
}

#[test]
fn loss_that_no_status_code_shows_needs_attention() {
    let shown = Screen::dark(load::lossy(), (120, 40));
    assert!(shown.text().contains("7.0 % of the accepted impressions are lost"), "{}", shown.text());
    assert!(!shown.text().contains("error budget burns"), "{}", shown.text());
    let shown = Screen::dark(load::burning(), (120, 40));
    assert!(shown.text().contains("error budget burns 120 times too fast"), "{}", shown.text());
    assert!(!shown.text().contains("are lost"), "{}", shown.text());
    for calm in [load::healthy as Scene, load::nobody, load::counters_only] {
        let shown = Screen::dark(calm(), (120, 40));
        assert!(shown.text().contains("nothing needs attention"), "{}", shown.text());
    }
}

#[test]
fn nobody_coming_is_no_success() {
    let mut shown = Screen::dark(load::nobody(), (120, 40));
    shown.act(Action::Impressions);
    let text = shown.text();
    assert!(text.contains("no request was measured: no budget, and not 100 %"), "{text}");
    assert!(text.contains("success   no data") && !text.contains("  met"), "{text}");
}

#[test]
fn the_time_axis_is_made_shorter_and_longer_by_keys_of_every_keymap() {
    for name in config::keymaps(std::path::Path::new("")) {
        let keymap = config::keymap(&name, std::path::Path::new("")).unwrap();
        let mut shown = Screen::dark(load::healthy(), (120, 40));
        let press = |shown: &mut Screen, key: &str| {
            let Resolution::Action(action) =
                keymap.resolve(&shown.ui.contexts(&shown.state), &[Chord(key.into())])
            else {
                return;
            };
            shown.act(action);
        };
        press(&mut shown, "4");
        assert!(
            shown.text().contains("15 min ago") && shown.text().contains("deployment file-svc:12"),
            "{name}"
        );
        press(&mut shown, "+");
        assert!(shown.text().contains("  5 min ago"), "{name}\n{}", shown.text());
        assert!(shown.text().contains("no deployment or change in this time"), "{}", shown.text());
        press(&mut shown, "-");
        press(&mut shown, "-");
        assert!(shown.text().contains("  1 h ago"), "{name}\n{}", shown.text());
    }
}

#[test]
fn what_the_goal_takes_follows_from_what_an_instance_took() {
    let mut shown = Screen::dark(load::burning(), (120, 40));
    shown.act(Action::Impressions);
    // 3000/s over two instances, 12 % of them failed: 1320/s each is all they can
    assert!(shown.text().contains("one instance  1 320/s"), "{}", shown.text());
    assert!(shown.text().contains("30 000/s takes 23 instances, 21 more, +$1 889/month"), "{}", shown.text());
    let mut shown = Screen::dark(load::lossy(), (120, 40));
    shown.act(Action::Impressions);
    assert!(shown.text().contains("one instance  ≥ "), "{}", shown.text());
}

#[test]
fn a_failed_source_keeps_its_numbers_and_says_how_old_they_are() {
    let mut shown = Screen::dark(load::source_failed(), (120, 40));
    shown.act(Action::Impressions);
    let text = shown.text();
    assert!(text.contains("stale 1 min") && text.contains("connection refused"), "{text}");
    assert!(text.contains("1 min ago") && text.contains("/s"), "{text}");
}
