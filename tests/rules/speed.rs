//! All rules over a large world: the design wants less than a millisecond in release.
#![expect(clippy::disallowed_methods, reason = "measures real time")]

use std::time::{Duration, Instant};

use super::stage::{Stage, at, list, published, task};

#[test]
fn ten_thousand_tasks_and_a_thousand_metrics_are_no_burden() {
    let mut stage = Stage::new();
    stage.files(100_001);
    stage.world.tasks = Some(
        (0..10_000)
            .zip(0_i64..)
            .map(|(n, s)| task(n, ["1a", "1c", "1d"][n % 3], at(-4000 + s / 10)))
            .collect(),
    );
    for n in 0..1_000 {
        stage.metric("AWS/EFS", &format!("M{n}"), "Average", "Percent", &[1.0; 60]);
    }
    let texts: Vec<(i64, String)> =
        (0..100).map(|n| (-9000 + 60 * n, list(if n % 2 == 0 { &["1a"] } else { &["1a", "1c"] }))).collect();
    let texts: Vec<(i64, &str)> = texts.iter().map(|(t, text)| (*t, text.as_str())).collect();
    stage.world.published = Some(Some(published(&texts)));
    assert_eq!(stage.evaluate().recommendations.len(), 2);
    let mut times: Vec<Duration> = (0..20)
        .map(|_| {
            let begin = Instant::now();
            std::hint::black_box(stage.evaluate());
            begin.elapsed()
        })
        .collect();
    times.sort();
    #[expect(clippy::disallowed_macros, reason = "the number is what the test is for")]
    {
        println!("all rules, 10 000 tasks, 1 000 metrics, 100 list versions: median {:?}", times[10]);
    }
    let limit = if cfg!(debug_assertions) { 100 } else { 1 };
    assert!(times[0] < Duration::from_millis(limit), "{:?}", times[0]);
}
