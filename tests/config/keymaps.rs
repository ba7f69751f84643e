//! Keymaps: every action has keys, none is hidden, nobody is locked in.

use std::path::Path;

use miharu::app::action::Action;
use miharu::config::keymap::{Chord, Context, Keymap, Resolution};
use miharu::config::{self, print};
use rstest::rstest;

fn keymap(name: &str) -> Keymap {
    config::keymap(name, Path::new("")).unwrap_or_else(|e| panic!("{e}"))
}

fn typed(text: &str) -> Vec<Chord> {
    text.split(' ').map(|c| Chord(c.into())).collect()
}

const TABLE: &[Context] = &[Context::Table, Context::Global];
const LOGS: &[Context] = &[Context::LogList, Context::Logs, Context::Global];

#[test]
fn all_built_in_keymaps_are_there() {
    assert_eq!(config::keymaps(Path::new("")), ["default", "less", "vim"]);
}

#[rstest]
fn every_action_can_be_typed(#[values("default", "less", "vim")] name: &str) {
    let keymap = keymap(name);
    assert!(!keymap.description.is_empty());
    for (action, action_name, _) in Action::ALL {
        let reached = keymap.bindings.iter().any(|b| {
            let in_some = |c| keymap.resolve(c, &b.on) == Resolution::Action(*action);
            b.run == *action && [TABLE, LOGS].into_iter().any(in_some)
        });
        assert!(reached, "{name}: {action_name}");
    }
}

#[rstest]
fn every_binding_is_canonical_and_reached(#[values("default", "less", "vim")] name: &str) {
    let keymap = keymap(name);
    for binding in &keymap.bindings {
        for chord in &binding.on {
            assert_eq!(Chord::parse(&chord.0).as_ref(), Some(chord), "{name}");
        }
        for n in 1..binding.on.len() {
            assert_eq!(keymap.resolve(&[binding.context], &binding.on[..n]), Resolution::Prefix, "{name}");
        }
        let end = keymap.resolve(&[binding.context], &binding.on);
        assert_eq!(end, Resolution::Action(binding.run), "{name}: {:?}", binding.on);
    }
}

/// The keys of DESIGN §4 in the keymap that everybody starts with.
#[rstest]
#[case("1", Action::Overview)]
#[case("2", Action::Storage)]
#[case("3", Action::Tasks)]
#[case(":", Action::Palette)]
#[case("/", Action::Find)]
#[case("?", Action::Help)]
#[case("space", Action::Freeze)]
#[case("r", Action::PollNow)]
#[case("!", Action::Errors)]
#[case("y", Action::Raw)]
#[case("c", Action::Copy)]
#[case("tab", Action::FocusNext)]
#[case("enter", Action::Open)]
#[case("esc", Action::Back)]
#[case("z", Action::Attention)]
#[case("S", Action::Sort)]
#[case("O", Action::SortReverse)]
#[case("s", Action::SaveScreen)]
#[case("0", Action::Figures)]
#[case("H", Action::Mask)]
#[case("D", Action::ShowKeys)]
#[case("q", Action::Quit)]
#[case("ctrl-c", Action::Quit)]
fn the_default_keys(#[case] on: &str, #[case] action: Action) {
    assert_eq!(keymap("default").resolve(TABLE, &typed(on)), Resolution::Action(action));
}

#[test]
fn text_fields_leave_characters_alone() {
    for name in config::keymaps(Path::new("")) {
        for binding in keymap(&name).bindings.iter().filter(|b| b.context == Context::Input) {
            let first = &binding.on[0].0;
            assert!(first.chars().count() > 1 && first != "space", "{name}: {first} could not be typed");
        }
    }
}

#[test]
fn vim_has_sequences() {
    let vim = keymap("vim");
    assert_eq!(vim.resolve(TABLE, &typed("g")), Resolution::Prefix);
    assert_eq!(vim.resolve(TABLE, &typed("g g")), Resolution::Action(Action::Top));
    assert_eq!(vim.resolve(TABLE, &typed("g x")), Resolution::None);
    assert_eq!(vim.keys_of(Action::Top), ["g g", "home"]);
    let following = vim.following(TABLE, &typed("g"));
    assert_eq!(following.len(), 3, "{following:?}");
    assert_eq!(following[0], ("g".to_owned(), Action::Top));
    assert!(vim.following(TABLE, &typed("g g")).is_empty());
    assert!(vim.following(TABLE, &typed("g x")).is_empty());
}

#[test]
fn a_users_file_stands_over_the_built_in_one() {
    let directory = tempfile::tempdir().unwrap();
    let keymaps = directory.path().join("keymaps");
    std::fs::create_dir(&keymaps).unwrap();
    let text = "bind = [{ on = \"q\", run = \"copy\" }, { on = \"ctrl-x ctrl-c\", run = \"quit\" }]\n";
    std::fs::write(keymaps.join("default.toml"), text).unwrap();
    std::fs::write(
        keymaps.join("tables.toml"),
        "extends = \"vim\"\n[[bind]]\non = [\"x\", \"Q\"]\nrun = \"quit\"\n",
    )
    .unwrap();
    let own = config::keymap("default", directory.path()).unwrap();
    assert_eq!(own.resolve(TABLE, &typed("q")), Resolution::Action(Action::Copy));
    assert_eq!(own.keys_of(Action::Quit), ["ctrl-x ctrl-c", "ctrl-c"]);
    let tables = config::keymap("tables", directory.path()).unwrap();
    assert_eq!(tables.keys_of(Action::Quit)[0], "x Q");
    assert_eq!(tables.resolve(TABLE, &typed("j")), Resolution::Action(Action::Down));
}

#[rstest]
fn the_table_for_the_manual(#[values("default", "less", "vim")] name: &str) {
    let table = print::keys(&keymap(name));
    assert_eq!(table.lines().count(), Action::ALL.len() + 2);
    assert!(!table.contains("palette only"), "{table}");
    insta::assert_snapshot!(format!("keys-{name}"), table);
}
