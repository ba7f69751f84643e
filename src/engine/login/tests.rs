//! A sign-in by a script: how often is asked, what comes of each answer, and what ends it.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use super::*;
use crate::aws::Answer;
use crate::domain::credentials::Credentials;

/// Answers by a script, and writes down when it was asked.
struct Scripted {
    clock: Clock,
    begin: Mutex<VecDeque<Answer<()>>>,
    asks: Arc<Mutex<VecDeque<Answer<Standing>>>>,
    asked: Arc<Mutex<Vec<DateTime<Utc>>>>,
}

struct Asking {
    clock: Clock,
    asks: Arc<Mutex<VecDeque<Answer<Standing>>>>,
    asked: Arc<Mutex<Vec<DateTime<Utc>>>>,
}

#[async_trait]
impl Attempt for Asking {
    async fn ask(&mut self) -> Answer<Standing> {
        self.asked.lock().unwrap().push(self.clock.now());
        let next = self.asks.lock().unwrap().pop_front();
        next.unwrap_or(Ok(Standing::Pending))
    }
}

#[async_trait]
impl SignIn for Scripted {
    async fn credentials(&self) -> Credentials {
        Credentials::default()
    }

    async fn begin(&self) -> Answer<(Device, Box<dyn Attempt>)> {
        let begun = self.begin.lock().unwrap().pop_front();
        begun.unwrap_or(Ok(()))?;
        let device = Device {
            user_code: "ABCD-EFGH".into(),
            page: "https://p/".into(),
            page_with_code: "https://p/?c".into(),
            expires_at: self.clock.now() + chrono::TimeDelta::seconds(600),
            every: Duration::from_secs(5),
        };
        let (asks, asked) = (Arc::clone(&self.asks), Arc::clone(&self.asked));
        Ok((device, Box::new(Asking { clock: self.clock.clone(), asks, asked })))
    }
}

struct Stage {
    hand: Arc<LoginHand>,
    events: mpsc::Receiver<Event>,
    asked: Arc<Mutex<Vec<DateTime<Utc>>>>,
    clock: Clock,
    tasks: Tasks,
}

fn stage(begin: Vec<Answer<()>>, asks: Vec<Answer<Standing>>) -> Stage {
    let clock = Clock::virtual_from(DateTime::UNIX_EPOCH, 1.0);
    let (sender, events) = mpsc::channel(100);
    let tasks = Tasks::new(sender);
    let asked = Arc::new(Mutex::default());
    let sign_in = Arc::new(Scripted {
        clock: clock.clone(),
        begin: Mutex::new(begin.into()),
        asks: Arc::new(Mutex::new(asks.into())),
        asked: Arc::clone(&asked),
    });
    let (hand, wishes) = LoginHand::new();
    let place =
        Place { index: 0, sign_in, clock: clock.clone(), nudges: Arc::default(), tasks: tasks.clone() };
    tasks.spawn("sign-in", place.run(wishes));
    Stage { hand, events, asked, clock, tasks }
}

impl Stage {
    async fn told(&mut self) -> Login {
        match self.events.recv().await {
            Some(Event::Login { login, .. }) => login,
            other => panic!("{other:?}"),
        }
    }

    /// Seconds since the start at which it was asked.
    fn asked(&self) -> Vec<i64> {
        self.asked.lock().unwrap().iter().map(DateTime::timestamp).collect()
    }
}

fn down() -> Failure {
    Failure::new(FailureClass::Unreachable, "connection refused")
}

#[tokio::test(start_paused = true)]
async fn it_asks_no_more_often_than_it_may_until_it_is_granted() {
    let until = DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(8);
    let asks = vec![Ok(Standing::Pending), Ok(Standing::SlowDown), Err(down()), Ok(Standing::Pending)];
    let mut stage = stage(vec![], asks.into_iter().chain([Ok(Standing::Granted(until))]).collect());
    assert!(stage.events.try_recv().is_err(), "nothing begins by itself");
    stage.hand.begin();
    assert!(matches!(stage.told().await, Login::Waiting(device) if device.user_code == "ABCD-EFGH"));
    assert_eq!(stage.told().await, Login::Done(until));
    // 5 s apart, then 10 s after slow_down, then twice that after a connection that failed.
    assert_eq!(stage.asked(), [5, 10, 20, 40, 60]);
    // Another time.
    stage.hand.begin();
    assert!(matches!(stage.told().await, Login::Waiting(_)));
    stage.tasks.cancel();
    stage.tasks.ended().await;
}

#[tokio::test(start_paused = true)]
async fn what_comes_to_nothing_is_told() {
    let said = |why: &str| Login::Failed(why.to_owned());
    for (begin, asks, wanted) in [
        (vec![Err(Failure::new(FailureClass::Other, "no sso_session"))], vec![], said("no sso_session")),
        (vec![], vec![Ok(Standing::Denied)], Login::Denied),
        (vec![], vec![Ok(Standing::Expired)], Login::Lapsed),
        (
            vec![],
            vec![Err(Failure::new(FailureClass::Other, "InvalidGrantException: odd"))],
            said("InvalidGrantException: odd"),
        ),
        // Nobody confirms it.
        (vec![], vec![], Login::Lapsed),
    ] {
        let waits = begin.is_empty();
        let mut stage = stage(begin, asks);
        stage.hand.begin();
        if waits {
            assert!(matches!(stage.told().await, Login::Waiting(_)));
        }
        assert_eq!(stage.told().await, wanted);
        assert!(stage.clock.now().timestamp() <= 605);
    }
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_it_is_cancelled_and_when_nobody_can_wish() {
    let mut stage = stage(vec![], vec![]);
    stage.hand.begin();
    assert!(matches!(stage.told().await, Login::Waiting(_)));
    stage.hand.cancel();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(stage.asked(), [0; 0], "nothing is asked any more");
    stage.hand.begin();
    assert!(matches!(stage.told().await, Login::Waiting(_)));
    // A new wish ends the one before.
    stage.hand.begin();
    assert!(matches!(stage.told().await, Login::Waiting(_)));
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(stage.asked().len(), 1);
    drop(stage.hand);
    stage.tasks.cancel();
    tokio::time::timeout(Duration::from_secs(1), stage.tasks.ended()).await.unwrap();
}
