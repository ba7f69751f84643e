//! Log events.

use miharu::domain::log::LogEvent;

use super::*;

fn query(s: &Subject, pattern: Option<&str>) -> EventQuery {
    EventQuery { from: s.now - TimeDelta::hours(1), until: None, pattern: pattern.map(str::to_owned) }
}

async fn pages(s: &Subject, query: &EventQuery) -> Vec<Vec<LogEvent>> {
    let (mut pages, mut token) = (Vec::new(), None);
    loop {
        let page = s.aws.events(&s.log_group, query, token).await.unwrap();
        pages.push(page.items);
        assert!(pages.len() < 20, "no end");
        token = page.next;
        if token.is_none() {
            return pages;
        }
    }
}

pub(crate) async fn events_come_in_order_with_every_field(s: &Subject) {
    let pages = pages(s, &query(s, None)).await;
    assert!(pages.len() > 1, "all on one page");
    let events: Vec<&LogEvent> = pages.iter().flatten().collect();
    assert_eq!(events.len(), LINES);
    for (n, event) in events.iter().enumerate() {
        assert_eq!(event.message, format!("line {n} of {LINES}"));
        assert_eq!(*event.group, *s.log_group);
        assert!(event.stream.ends_with(&format!("/{}", n % 2)), "{event:?}");
        assert!(event.ingested_at >= event.at && event.ingested_at <= s.now + TimeDelta::minutes(1));
    }
    assert!(events.windows(2).all(|two| two[0].at < two[1].at));
    let ids: BTreeSet<&str> = events.iter().map(|e| e.id.as_str()).collect();
    assert_eq!(ids.len(), LINES, "every event has an id of its own");
}

pub(crate) async fn both_ends_of_the_window_are_in_it(s: &Subject) {
    let all = pages(s, &query(s, None)).await.concat();
    let (first, last) = (&all[1200], &all[1700]);
    let window = EventQuery { from: first.at, until: Some(last.at), pattern: None };
    let inside = pages(s, &window).await.concat();
    assert_eq!(inside, all[1200..=1700]);
    let none = EventQuery { from: s.now + TimeDelta::hours(1), until: None, pattern: None };
    assert_eq!(pages(s, &none).await.concat(), []);
}

pub(crate) async fn a_phrase_is_looked_for_through_all_pages(s: &Subject) {
    for (pattern, found) in
        [("\"line 2499 of\"", 1), ("\"499 of\"", 3), ("\"of line\"", 0), ("of line", LINES)]
    {
        let pages = pages(s, &query(s, Some(pattern))).await;
        let events = pages.concat();
        assert_eq!(events.len(), found, "{pattern}");
        let word = pattern.trim_matches('"').split(' ').next().unwrap();
        assert!(events.iter().all(|e| e.message.contains(word)), "{pattern}");
        assert!(pages.len() > 1, "{pattern}: an empty page was taken for the end");
    }
}

pub(crate) async fn a_pattern_of_an_unknown_kind_and_a_wrong_token_are_refused(s: &Subject) {
    let unknown = query(s, Some("{ $.line = 1 }"));
    for (query, token) in [(unknown, None), (query(s, None), Some("no token".to_owned()))] {
        let failure = s.aws.events(&s.log_group, &query, token).await.unwrap_err();
        assert_eq!(
            (failure.class, action(&failure)),
            (FailureClass::Other, "logs:FilterLogEvents"),
            "{failure:?}"
        );
    }
}

pub(crate) async fn an_unknown_log_group_is_not_found(s: &Subject) {
    not_found(s.aws.events("/no/such/group", &query(s, None), None).await, "logs:FilterLogEvents");
}

pub(crate) async fn a_live_tail_of_an_unknown_group_is_not_found(s: &Subject) {
    let groups = [Arc::from(s.log_group.as_str()), Arc::from("/no/such/group")];
    let failure = s.aws.live_tail(&groups).await.err().unwrap();
    assert_eq!(
        (failure.class, action(&failure)),
        (FailureClass::NotFound, "logs:StartLiveTail"),
        "{failure:?}"
    );
    let started = s.aws.live_tail(&groups[..1]).await.err();
    assert_eq!(started, None);
}
