//! From signal to cause: the timeline of the overview and the journal, the tail in brief, and the key that leads from
//! what happened to the log lines of that minute.

use miharu::app::action::Action;
use miharu::app::event::Event;
use miharu::app::state::State;
use miharu::app::update::update;
use miharu::domain::alarm::{Alarm, AlarmState};
use miharu::domain::ecs::MountsBy;
use miharu::domain::facts::Facts;
use miharu::domain::log::batch::{Batch, LiveState, TailState};
use miharu::domain::log::intake::{Arrived, Intake};
use miharu::domain::source::{Reading, SourceId};
use miharu::ui::glyphs::Glyphs;

use crate::harness::Screen;
use crate::log_lines::{MONITOR, SERVICE, event, log, status};
use crate::parts::{ago, alarm, now, observe, read_service, service};
use crate::{load, snapshot, sound};

/// Two minutes of errors that began so many seconds ago, among ordinary lines of a quarter of an hour.
const BROKEN: i64 = 430;

fn lines() -> Vec<Batch> {
    let arrived = (0..900).map(|n| {
        let back = 900 - n;
        let broken = (BROKEN - 120..BROKEN).contains(&back);
        let text = match n % 10 {
            3 if broken => "ERROR the event log did not answer within 2 s".to_owned(),
            7 if broken => "WARN queue is full, answering 503".to_owned(),
            _ => format!("INFO answered {n}"),
        };
        let n = usize::try_from(n).unwrap();
        Arrived { event: event(n, ago(back), SERVICE, "ecs/file-svc/1".into(), text), late: false }
    });
    let blocks = Intake::default().blocks(arrived.collect());
    blocks.into_iter().map(|lines| Batch { lines, ..Batch::default() }).collect()
}

fn rings(state: AlarmState, since: i64) -> Alarm {
    Alarm { since: Some(ago(since)), ..alarm("service-5xx-high", state, "12 of 12 were above 5") }
}

/// A surge after a deployment: errors are logged, the budget burns, an alarm rings and is over again.
fn state() -> State {
    let mut state = load::surge();
    let mut service = service(6, MountsBy::List);
    service.deployments[0].created_at = Some(ago(440));
    let tasks = state.environments[0].world.tasks.clone().unwrap();
    read_service(&mut state, 0, service, tasks);
    let on = vec![(SourceId::LOGS, 3000)];
    update(&mut state, Event::Prepared { environment: 0, on, off: vec![] }, now());
    let groups = Ok(vec![SERVICE.into(), MONITOR.into()]);
    update(&mut state, Event::Tailed { environment: 0, groups }, now());
    for alarm in [rings(AlarmState::Alarm, 370), rings(AlarmState::Ok, 120)] {
        observe(&mut state, 0, SourceId::ALARMS, 1, Ok(vec![Facts::Alarms(vec![alarm])]));
    }
    let reading = Reading {
        source: SourceId::LOGS,
        started_at: ago(1),
        at: ago(1),
        took_ms: 40,
        calls: 2,
        cost_usd: Some(0.0),
        next_at: now(),
        result: Ok(vec![]),
        partial: vec![],
        warnings: vec![],
    };
    update(&mut state, Event::Observed { environment: 0, reading: Box::new(reading) }, now());
    state
}

fn shown(size: (u16, u16), theme: &str, glyphs: &Glyphs) -> Screen {
    let mut shown = Screen::new(state(), size, theme, glyphs);
    for batch in lines() {
        log(&mut shown.state, &mut shown.ui, batch);
    }
    let status = [(SERVICE, 4), (MONITOR, 0)].map(|(g, late)| status(g, TailState::Following, late, Some(0)));
    log(&mut shown.state, &mut shown.ui, Batch { status: status.to_vec(), ..Batch::default() });
    while shown.ui.work(&shown.state, 1 << 20).left {}
    shown.draw();
    shown
}

fn panel(shown: &Screen, title: &str) -> Vec<String> {
    let text = shown.text();
    let from = text.lines().skip_while(|l| !l.trim_start_matches(['▸', ' ']).starts_with(title));
    let rest = from.clone().skip(1).take_while(|l| !l.contains("───") || l.contains(" ago"));
    from.take(1).chain(rest).map(str::to_owned).collect()
}

/// Brings the timeline into focus.
fn on_timeline(shown: &mut Screen) {
    focus(shown, "timeline");
}

fn focus(shown: &mut Screen, panel: &str) {
    for _ in 0..20 {
        if shown.ui.focused_panel() == panel {
            break;
        }
        shown.act(Action::FocusNext);
    }
    assert_eq!(shown.ui.focused_panel(), panel, "is never in focus:\n{}", shown.text());
}

#[test]
fn the_timeline_and_the_logs_in_brief_at_three_sizes() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        for (theme, glyphs) in [("dark", &Glyphs::UNICODE), ("light", &Glyphs::ASCII)] {
            for (name, screen) in [("overview", Action::Overview), ("journal", Action::Journal)] {
                let mut shown = shown((width, height), theme, glyphs);
                shown.act(screen);
                on_timeline(&mut shown);
                shown.act(Action::Down);
                sound(&shown, &format!("timeline {name} {width}x{height}"));
                snapshot(&format!("timeline-{name}-{width}x{height}-{theme}"), &mut shown);
            }
        }
    }
}

#[test]
fn one_axis_shows_what_happened_together() {
    let mut shown = shown((120, 40), "dark", &Glyphs::UNICODE);
    shown.act(Action::Journal);
    let rows = panel(&shown, "Timeline");
    let row = |name: &str| {
        rows.iter().find(|l| l.trim_start().starts_with(name)).unwrap_or_else(|| panic!("{name}: {rows:#?}"))
    };
    let first = |name: &str, shapes: &[char]| {
        row(name).chars().position(|c| shapes.contains(&c)).unwrap_or_else(|| panic!("{name}: {rows:#?}"))
    };
    let bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let errors = first("log errors", &bars);
    let rings = first("alarms", &['✗']);
    let over = first("alarms", &['●']);
    assert!(errors < rings && rings < over, "{rows:#?}");
    // The alarm rang a minute after the errors began: of a quarter of an hour, seven of a hundred columns.
    let width = row("log errors").chars().count();
    assert!((rings - errors) * 900 / width < 120, "{rows:#?}");
    assert!(row("log errors").contains("12 errors"), "{rows:#?}");
    assert!(row("alarms").trim_end().ends_with('3'), "{rows:#?}");
}

#[test]
fn a_burst_of_errors_is_one_mark_that_stays_the_same_at_every_width() {
    let mut keys = Vec::new();
    for width in [80, 100, 120, 200] {
        let mut shown = shown((width, 50), "dark", &Glyphs::UNICODE);
        shown.act(Action::Journal);
        on_timeline(&mut shown);
        let text = panel(&shown, "Timeline").join("\n");
        assert_eq!(text.matches("12 error lines in ").count(), 1, "{text}");
        shown.act(Action::Find);
        shown.ui.edit(&miharu::app::action::TextEdit::Paste("error lines".into()), &shown.state);
        shown.acts(&[Action::Open, Action::Copy]);
        keys.push(shown.copied().unwrap().to_owned());
    }
    keys.dedup();
    assert_eq!(keys.len(), 1, "{keys:?}");
}

#[test]
fn the_cursor_stands_on_the_axis_too() {
    let mut shown = shown((120, 40), "dark", &Glyphs::UNICODE);
    shown.act(Action::Journal);
    on_timeline(&mut shown);
    let arrow = |shown: &Screen| {
        let rows = panel(shown, "Timeline");
        let base = rows.iter().find(|l| l.contains(" ago") && l.contains('─')).unwrap();
        base.chars().position(|c| c == '↑').unwrap()
    };
    let mut places = vec![arrow(&shown)];
    for _ in 0..4 {
        shown.act(Action::Down);
        places.push(arrow(&shown));
    }
    assert!(places.windows(2).all(|two| two[1] <= two[0]), "to the past: {places:?}");
    assert!(places[0] > places[4], "{places:?}");
}

#[test]
fn one_key_leads_from_what_happened_to_the_lines_of_that_minute() {
    // From the burst itself.
    let mut shown = shown((120, 40), "dark", &Glyphs::UNICODE);
    shown.act(Action::Journal);
    on_timeline(&mut shown);
    shown.act(Action::Find);
    shown.ui.edit(&miharu::app::action::TextEdit::Paste("error lines".into()), &shown.state);
    shown.acts(&[Action::Open, Action::LogsAt]);
    assert!(shown.ui.logs_shown());
    let text = shown.text();
    assert!(text.contains("the event log did not answer"), "{text}");
    assert!(text.contains("stopped"), "the reader stays there: {text}");

    // From an alarm, a deployment, an entry of the journal: the first line in sight is of that time.
    for (screen, panel, since) in [
        (Action::Overview, "alarms", 120),
        (Action::Tasks, "deployments", 440),
        (Action::Journal, "journal", 80),
    ] {
        let mut shown = self::shown((120, 50), "dark", &Glyphs::UNICODE);
        shown.act(screen);
        focus(&mut shown, panel);
        shown.act(Action::LogsAt);
        assert!(shown.ui.logs_shown(), "{panel}");
        let at = ago(since).format("%H:%M:%S").to_string();
        assert!(shown.text().contains(&at), "{panel} at {at}:\n{}", shown.text());
    }
}

#[test]
fn what_has_no_time_says_so() {
    let mut shown = shown((120, 40), "dark", &Glyphs::UNICODE);
    shown.acts(&[Action::Storage, Action::LogsAt]);
    assert!(!shown.ui.logs_shown());
    assert!(shown.text().contains("no time that the logs could be shown at"), "{}", shown.text());
}

#[test]
fn the_logs_in_brief_say_what_was_counted_and_show_what_matters() {
    let mut shown = shown((120, 40), "dark", &Glyphs::UNICODE);
    let rows = panel(&shown, "Logs");
    assert!(rows[0].contains("2 groups  shown 900  hidden 0  late 4"), "{rows:#?}");
    assert!(rows[0].contains("lost 0") && rows[0].contains("delay 1.2 s"), "{rows:#?}");
    // The last of the errors and warnings, not the last of all lines.
    assert!(rows[1..].iter().any(|l| l.contains("ERROR") || l.contains("WARN")), "{rows:#?}");
    assert!(rows[1..].iter().all(|l| !l.contains("INFO")), "{rows:#?}");
    let live = |state, sampled| {
        let mut group = status(SERVICE, TailState::Following, 0, Some(7));
        (group.live, group.counts.sampled) = (Some(state), sampled);
        Batch { status: vec![group], ..Batch::default() }
    };
    log(&mut shown.state, &mut shown.ui, live(LiveState::Streaming { since: ago(60) }, 12));
    shown.draw();
    let title = panel(&shown, "Logs").remove(0);
    assert!(title.contains("lost 7") && title.contains("live  sampled 12 s"), "{title}");
}
