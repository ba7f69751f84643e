//! Themes: readable by number, not by taste; complete; loaded and reported like all settings.

use std::path::Path;

use miharu::config::theme::{Colour, Role, RoleStyle, Theme};
use miharu::config::{self, ColourDepth, print};
use rstest::rstest;

const BUILT_IN: [&str; 5] = ["ansi", "contrast", "dark", "light", "mono"];
const NOWHERE: &str = "";

fn theme(name: &str) -> Theme {
    config::theme(name, Path::new(NOWHERE)).unwrap_or_else(|e| panic!("{e}"))
}

/// Relative luminance (WCAG 2.2, <https://www.w3.org/TR/WCAG22/#dfn-relative-luminance>).
fn luminance(colour: Colour) -> f64 {
    let (r, g, b) = colour.rgb();
    let linear = |v: u8| {
        let v = f64::from(v) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

fn contrast(a: Colour, b: Colour) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn contrast_is_what_wcag_says() {
    let (black, white) = (Colour::Rgb(0, 0, 0), Colour::Rgb(255, 255, 255));
    assert!((contrast(black, white) - 21.0).abs() < 1e-9);
    assert!((contrast(Colour::Rgb(0x76, 0x76, 0x76), white) - 4.54).abs() < 0.01);
}

/// Backgrounds that a theme is made for.
fn backgrounds(name: &str) -> Vec<Colour> {
    let names: &[&str] = match name {
        "dark" => &["#000000", "#1e1e1e", "#1e1e2e"],
        "light" => &["#ffffff", "#f5f5f5", "#fdf6e3"],
        "contrast" => &["#000000"],
        _ => panic!("{name} has no intended background"),
    };
    names.iter().map(|n| Colour::parse(n).unwrap()).collect()
}

#[rstest]
#[case("dark", 4.5, 3.0)]
#[case("light", 4.5, 3.0)]
#[case("contrast", 7.0, 7.0)]
fn text_can_be_read(#[case] name: &str, #[case] text: f64, #[case] muted: f64) {
    let theme = theme(name);
    for (role, role_name) in Role::ALL {
        let least = match role {
            Role::Border => continue, // a line, not text
            Role::Muted | Role::Stale => muted,
            // bars and lines, not text: WCAG 1.4.11 asks for 3:1
            Role::Series1 | Role::Series2 | Role::Series3 => 3.0,
            _ => text,
        };
        let style = theme.role(*role);
        assert!(!style.dim, "{name} {role_name}: dim would lower a contrast nobody can compute");
        let Some(fg) = style.fg else {
            assert_eq!(style.bg, None, "{name} {role_name}: the terminal's own text on a background of ours");
            continue;
        };
        for bg in style.bg.map_or_else(|| backgrounds(name), |bg| vec![bg]) {
            let ratio = contrast(fg, bg);
            assert!(ratio >= least, "{name} {role_name}: {} on {}: {ratio:.2}", fg.name(), bg.name());
        }
    }
}

/// How a colour looks without green cones (Viénot, Brettel, Mollon 1999, on linear light).
fn deuteranopia(colour: Colour) -> [f64; 3] {
    let (r, g, b) = colour.rgb();
    let linear = |v: u8| (f64::from(v) / 255.0).powf(2.2);
    let (r, g, b) = (linear(r), linear(g), linear(b));
    let red_green = 0.29275 * r + 0.70725 * g;
    [red_green, red_green, -0.02234 * r + 0.02234 * g + b]
}

/// CIE L*a*b* (D65) of linear light.
fn lab([red, green, blue]: [f64; 3]) -> [f64; 3] {
    let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let x = f((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505);
    let y = f(0.2126 * red + 0.7152 * green + 0.0722 * blue);
    let z = f((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn difference(a: Colour, b: Colour) -> f64 {
    let (a, b) = (lab(deuteranopia(a)), lab(deuteranopia(b)));
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn the_contrast_theme_is_safe_for_colour_blind_eyes() {
    let theme = theme("contrast");
    let of = |role| theme.role(role).fg.unwrap();
    // About 2 is just noticed side by side; 20 is told apart across a screen.
    for (a, b) in [(Role::Ok, Role::Warn), (Role::Warn, Role::Bad), (Role::Ok, Role::Bad)] {
        let difference = difference(of(a), of(b));
        assert!(difference >= 20.0, "{a:?} and {b:?} differ by {difference:.1}");
    }
    let (red, green) = (Colour::parse("#c04040").unwrap(), Colour::parse("#5f7a30").unwrap());
    assert!(difference(red, green) < 20.0, "the measure itself tells a red from a green that it should not");
}

#[test]
fn all_built_in_themes_are_there_and_complete() {
    assert_eq!(config::themes(Path::new(NOWHERE)), BUILT_IN);
    for name in BUILT_IN {
        let theme = theme(name);
        assert_eq!(theme.roles.len(), Role::ALL.len(), "{name}");
        assert!(!theme.description.is_empty(), "{name}");
        assert_eq!(theme.light, name == "light");
    }
}

/// What must never look alike, in however few colours.
#[rstest]
fn states_differ_at_every_depth(
    #[values("ansi", "contrast", "dark", "light", "mono")] name: &str,
    #[values(ColourDepth::True, ColourDepth::Palette, ColourDepth::Sixteen, ColourDepth::None)]
    depth: ColourDepth,
) {
    let theme = theme(name).reduced(depth);
    let roles = [Role::Ok, Role::Warn, Role::Bad, Role::Unknown];
    for (i, a) in roles.iter().enumerate() {
        for b in &roles[i + 1..] {
            assert_ne!(theme.role(*a), theme.role(*b), "{name} at {depth:?}: {a:?} and {b:?}");
        }
    }
    assert_ne!(theme.role(Role::Selection), theme.role(Role::Text), "{name} at {depth:?}");
    for (role, style) in &theme.roles {
        assert!(style.fg.is_none() || style.fg != style.bg, "{name} at {depth:?}: {role:?} cannot be seen");
    }
}

#[rstest]
fn a_depth_has_only_its_colours(#[values("ansi", "contrast", "dark", "light", "mono")] name: &str) {
    let colours = |depth| -> Vec<Colour> {
        theme(name).reduced(depth).roles.values().flat_map(|s| [s.fg, s.bg]).flatten().collect()
    };
    assert!(colours(ColourDepth::Palette).iter().all(|c| matches!(c, Colour::Indexed(_))));
    assert!(colours(ColourDepth::Sixteen).iter().all(|c| matches!(c, Colour::Indexed(0..=15))));
    assert_eq!(colours(ColourDepth::None), []);
    assert_eq!(theme(name).reduced(ColourDepth::True), theme(name));
    let none = theme(name).reduced(ColourDepth::None);
    assert!(none.role(Role::Selection).reverse, "the selected row shows without colours");
}

#[test]
fn ansi_and_mono_keep_to_what_they_promise() {
    let colours =
        |name| -> Vec<Colour> { theme(name).roles.values().flat_map(|s| [s.fg, s.bg]).flatten().collect() };
    assert!(colours("ansi").iter().all(|c| matches!(c, Colour::Indexed(0..=15))));
    assert_eq!(colours("mono"), []);
}

#[test]
fn a_printed_theme_is_read_again() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("themes")).unwrap();
    for name in BUILT_IN {
        let printed = directory.path().join("themes").join(format!("copy-of-{name}.toml"));
        std::fs::write(&printed, print::theme(&theme(name))).unwrap();
        let copy = config::theme(&format!("copy-of-{name}"), directory.path()).unwrap();
        assert_eq!(Theme { name: name.into(), ..copy }, theme(name));
    }
}

#[test]
fn a_users_file_stands_over_or_beside_the_built_in_ones() {
    let directory = tempfile::tempdir().unwrap();
    let themes = directory.path().join("themes");
    std::fs::create_dir(&themes).unwrap();
    std::fs::write(
        themes.join("dark.toml"),
        "[roles]\nok = { fg = \"bright-green\" }\ntext = { fg = 250 }\n",
    )
    .unwrap();
    std::fs::write(
        themes.join("mine.toml"),
        "extends = \"dark\"\n[roles]\nbad = { fg = \"default\", reverse = true }\n",
    )
    .unwrap();
    std::fs::write(themes.join("notes.txt"), "not a theme").unwrap();
    assert_eq!(config::themes(directory.path()), ["ansi", "contrast", "dark", "light", "mine", "mono"]);
    let dark = config::theme("dark", directory.path()).unwrap();
    assert_eq!(dark.role(Role::Ok).fg, Some(Colour::Indexed(10)));
    assert_eq!(dark.role(Role::Text).fg, Some(Colour::Indexed(250)));
    assert_eq!(dark.role(Role::Warn), theme("dark").role(Role::Warn));
    let mine = config::theme("mine", directory.path()).unwrap();
    assert_eq!(mine.role(Role::Ok), dark.role(Role::Ok), "a theme extends the user's own version");
    let bad = RoleStyle { bold: true, reverse: true, ..RoleStyle::default() };
    assert_eq!(mine.role(Role::Bad), bad);
    assert_eq!(mine.name, "mine");
}

#[rstest]
#[case("drak", "nearest   dark")]
#[case("../../etc/passwd", "expected  \"ansi\", \"contrast\"")]
#[case("", "expected  \"ansi\", \"contrast\"")]
fn a_theme_that_is_not_there(#[case] name: &str, #[case] said: &str) {
    let directory = tempfile::tempdir().unwrap();
    for directory in [Path::new(NOWHERE), directory.path()] {
        let error = config::theme(name, directory).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}
